namespace perftune {}
