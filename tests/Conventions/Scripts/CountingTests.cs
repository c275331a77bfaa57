namespace Conventions.Scripts;

/// <summary><c>ops/test</c> adds up all projects, and a run that broke off never looks like a good one.</summary>
public sealed class CountingTests : IDisposable
{
    readonly Sandbox sandbox = new();

    public void Dispose() => sandbox.Dispose();

    [Fact]
    public void All_projects_are_added_up_and_the_sum_is_the_last_line()
    {
        sandbox.TestProject("A", Sandbox.Trx(total: 4, executed: 4, passed: 4));
        sandbox.TestProject("B", Sandbox.Trx(total: 3, executed: 2, passed: 2));
        sandbox.Write("checkout/tests/Support/Support.csproj", "<Project></Project>\n");

        var run = sandbox.Run("ops/test", []);

        Assert.Equal("6 passed, 0 failed, 1 skipped", run.LastLine);
        Assert.Equal(0, run.ExitCode);
        Assert.Single(sandbox.Calls.Split('\n'), call => call.StartsWith("dotnet build", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(sandbox.At("tmp")));
    }

    [Fact]
    public void A_failed_test_is_counted_and_the_output_of_its_project_is_shown()
    {
        sandbox.TestProject("A", "echo 'Assert.Equal() Failure'\n" + Sandbox.Trx(total: 4, executed: 4, passed: 3) + "\nexit 1");
        sandbox.TestProject("B", "echo 'quiet when all is well'\n" + Sandbox.Trx(total: 1, executed: 1, passed: 1));

        var run = sandbox.Run("ops/test", []);

        Assert.Equal("4 passed, 1 failed", run.LastLine);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Assert.Equal() Failure", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("quiet when all is well", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 134", "0 passed, 1 failed")] // the test host crashed before it wrote anything
    [InlineData("exit 0", "0 passed, 1 failed")] // it says that all is well and wrote nothing
    [InlineData("echo '<TestRun' >\"$results\"; exit 1", "0 passed, 1 failed")] // it died while writing
    public void A_run_without_results_is_a_failure(string outcome, string lastLine)
    {
        sandbox.TestProject("A", outcome);

        var run = sandbox.Run("ops/test", []);

        Assert.Equal(lastLine, run.LastLine);
        Assert.Equal(1, run.ExitCode);
    }

    [Fact]
    public void A_run_that_broke_off_after_good_tests_is_a_failure()
    {
        sandbox.TestProject("A", Sandbox.Trx(total: 7, executed: 7, passed: 7) + "\nexit 1");

        var run = sandbox.Run("ops/test", []);

        Assert.Equal("7 passed, 1 failed", run.LastLine);
        Assert.Equal(1, run.ExitCode);
    }

    [Fact]
    public void A_project_without_tests_is_a_failure_unless_tests_were_chosen()
    {
        sandbox.TestProject("A", Sandbox.Trx(total: 2, executed: 2, passed: 2));
        sandbox.TestProject("B", Sandbox.Trx(total: 0, executed: 0, passed: 0));

        Assert.Equal("2 passed, 1 failed", sandbox.Run("ops/test", []).LastLine);
        Assert.Equal("2 passed, 0 failed", sandbox.Run("ops/test", ["--filter", "Name~Tokens and more"]).LastLine);
        Assert.Contains("--filter Name~Tokens and more", sandbox.Calls, StringComparison.Ordinal);
    }

    [Fact]
    public void A_choice_that_fits_no_test_is_a_failure()
    {
        sandbox.TestProject("A", Sandbox.Trx(total: 0, executed: 0, passed: 0));

        var run = sandbox.Run("ops/test", ["--filter", "Name~NoSuch"]);

        Assert.Equal("0 passed, 1 failed", run.LastLine);
        Assert.Equal(1, run.ExitCode);
    }

    [Fact]
    public void Slow_tests_are_named()
    {
        sandbox.TestProject("A", Sandbox.Trx(total: 2, executed: 2, passed: 2,
            "\n<UnitTestResult testName=\"Tests.Quick one\" duration=\"00:00:04.9\" />\n<UnitTestResult testName=\"Tests.Slow one\" duration=\"00:01:05.5\" />\n"));

        var run = sandbox.Run("ops/test", []);

        Assert.Contains("slow: 65 s  Tests.Slow one", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Quick", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_that_fails_shows_its_errors_and_stops()
    {
        sandbox.TestProject("A", Sandbox.Trx(total: 1, executed: 1, passed: 1));

        var run = sandbox.Run("ops/test", [], ("BUILD_FAILS", "1"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("error CS1002", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("dotnet test", sandbox.Calls, StringComparison.Ordinal);
    }
}
