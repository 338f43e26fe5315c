"""Arguments, files and names: one clear line and exit code 2 (3 where something is missing)."""

from harness import PerftuneTest


class Usage(PerftuneTest):
    def test_no_command_is_a_mistake(self):
        self.expect(self.run_perftune(), 2)

    def test_help_and_version_are_not(self):
        self.assertIn("tune", self.expect(self.run_perftune("--help"), 0).stdout)
        self.assertRegex(self.expect(self.run_perftune("--version"), 0).stdout, r"perftune \d+\.\d+")

    def test_unknown_option(self):
        self.expect(self.run_perftune("tune", self.gemm(), "--gpu", "a100", "--faster"), 2)

    def test_neither_gpu_nor_cpu(self):
        self.expect_error(self.run_perftune("tune", self.gemm()), 2, "--gpu NAME", "--cpu")

    def test_both(self):
        self.expect_error(self.run_perftune("tune", self.gemm(), "--gpu", "a100", "--cpu"), 2, "exclude")

    def test_unknown_gpu_lists_near_names(self):
        self.expect_error(self.run_perftune("predict", self.gemm(), "--gpu", "a10O"), 2, "a100")

    def test_gpu_local_without_a_gpu(self):
        self.expect_error(self.run_perftune("tune", self.gemm(), "--gpu", "local"), 3, "--gpu a100")

    def test_missing_file(self):
        self.expect_error(self.run_perftune("predict", "none.yaml", "--gpu", "a100"), 2, "none.yaml")

    def test_malformed_operator_names_its_place(self):
        path = self.write("bad.yaml", """name: bad
dims: {m: 4, k: 4}
inputs: {A: "f32[m,k]"}
outputs: {y: "f32[m]"}
compute:
  - y[m] = sum[k](A[m,q])
""")
        self.expect_error(self.run_perftune("predict", path, "--gpu", "a100"), 2, "bad.yaml:6:23:", "q")

    def test_bad_budget(self):
        self.expect_error(self.run_perftune("tune", self.gemm(), "--gpu", "a100", "--budget", "soon"), 2,
                          "--budget 'soon'", "30s")

    def test_what_is_not_built_yet_says_so(self):
        for option in (["--allow-vendor"], ["--objective", "energy"]):
            self.expect_error(self.run_perftune("tune", self.gemm(), "--gpu", "a100", *option), 3, option[0])
        result = self.run_perftune("tune", self.gemm(), "--cpu", "--objective", "energy", PERFTUNE_POWERCAP=str(self.home))
        self.expect_error(result, 3, "--objective energy: no processor tells its energy", "has no RAPL package")

    def test_hardware_list_names_every_gpu_as_json(self):
        document = self.json(self.run_perftune("hardware", "list", "--json"))
        self.assertEqual(document["schema"], "perftune.hardware_list/1")
        names = {hardware["name"] for hardware in document["hardware"]}
        self.assertGreaterEqual(len(names), 13)
        self.assertIn("h200-sxm", names)

    def test_hardware_show_says_what_is_not_compiled(self):
        self.assertIn("tcgen05", self.expect(self.run_perftune("hardware", "show", "b200"), 0).stdout)
        self.assertTrue(self.json(self.run_perftune("hardware", "show", "v100", "--format", "json"))["model_only"])
