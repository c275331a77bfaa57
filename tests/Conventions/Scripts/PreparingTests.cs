namespace Conventions.Scripts;

/// <summary><c>ops/prepare</c> installs what is missing and nothing else, or says in a sentence what a person must do.</summary>
public sealed class PreparingTests : IDisposable
{
    readonly Sandbox sandbox = new();

    public void Dispose() => sandbox.Dispose();

    [Theory]
    [InlineData("run")]
    [InlineData("test")]
    [InlineData("bench")]
    [InlineData("chaos")]
    public void Nothing_is_installed_when_all_is_there(string purpose)
    {
        sandbox.Program("apt-get", "echo apt-get >>\"$CALLS\"");

        var run = sandbox.Run("ops/prepare", [purpose]);

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.DoesNotContain("apt-get", sandbox.Calls, StringComparison.Ordinal);
        Assert.Contains("ready: .NET SDK 10.0.401, PostgreSQL 15", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_packages_are_installed_in_one_call_and_no_cluster_is_made()
    {
        sandbox.Without("initdb", "postgres", "psql", "shellcheck", "promtool", "faketime", "node", "npm");
        sandbox.CanInstall();

        var run = sandbox.Run("ops/prepare", ["test"]);

        Assert.True(run.ExitCode == 0, run.ToString());
        var installs = sandbox.Calls.Split('\n').Where(c => c.Contains(" install ", StringComparison.Ordinal)).ToList();
        Assert.EndsWith("--no-install-recommends postgresql shellcheck prometheus faketime nodejs npm", Assert.Single(installs), StringComparison.Ordinal);
        Assert.Equal("create_main_cluster = false\n", File.ReadAllText(sandbox.At("etc/postgresql-common/createcluster.conf")));
    }

    [Fact]
    public void The_clients_that_emulators_are_tried_with_are_installed_once_for_each_lock_file()
    {
        const string Clients = "checkout/tests/Emulators.Tests/clients";
        sandbox.Program("npm", "echo \"npm $*\" >>\"$CALLS\"; mkdir -p node_modules");
        sandbox.Write($"{Clients}/package-lock.json", "{}\n");

        Assert.Equal(0, sandbox.Run("ops/prepare", ["test"]).ExitCode);
        Assert.Equal(0, sandbox.Run("ops/prepare", ["test"]).ExitCode);
        Assert.Equal(0, sandbox.Run("ops/prepare", ["run"]).ExitCode);
        Assert.Equal(1, sandbox.Calls.Split("npm ci --ignore-scripts").Length - 1);

        sandbox.Write($"{Clients}/package-lock.json", "{ }\n");
        Assert.Equal(0, sandbox.Run("ops/prepare", ["test"]).ExitCode);
        Assert.Equal(2, sandbox.Calls.Split("npm ci --ignore-scripts").Length - 1);
    }

    [Fact]
    public void Packages_of_npm_that_cannot_be_fetched_are_told_with_the_reason()
    {
        sandbox.Program("npm", "echo 'npm error network'; exit 1");
        sandbox.Write("checkout/tests/Emulators.Tests/clients/package-lock.json", "{}\n");

        var run = sandbox.Run("ops/prepare", ["test"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("npm error network", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_for_clusters_that_is_there_is_left_alone()
    {
        sandbox.Without("initdb");
        sandbox.CanInstall();
        sandbox.Write("etc/postgresql-common/createcluster.conf", "# mine\n");

        Assert.Equal(0, sandbox.Run("ops/prepare", []).ExitCode);
        Assert.Equal("# mine\n", File.ReadAllText(sandbox.At("etc/postgresql-common/createcluster.conf")));
    }

    [Fact]
    public void An_old_server_is_not_enough_and_a_new_one_beside_it_is_found()
    {
        sandbox.Program("postgres", "echo 'postgres (PostgreSQL) 14.11'");
        sandbox.CanInstall();

        var old = sandbox.Run("ops/prepare", [], ("APT_POSTGRES", "14"));
        Assert.Equal(1, old.ExitCode);
        Assert.Contains("PostgreSQL 15 or newer is needed", old.Errors, StringComparison.Ordinal);

        foreach (var name in new[] { "initdb", "postgres" }) File.Delete(sandbox.At($"bin/{name}"));
        sandbox.Write("postgres 17/bin/initdb", "#!/bin/sh\n");
        sandbox.Write("postgres 17/bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 17.2'\n");
        foreach (var name in new[] { "initdb", "postgres" })
            File.SetUnixFileMode(sandbox.At($"postgres 17/bin/{name}"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var found = sandbox.Run("ops/prepare", [], ("ENGINE_POSTGRES_FOLDERS", $"/nowhere:{sandbox.At("postgres *")}/bin"));
        Assert.Contains("PostgreSQL 17", found.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_root_and_sudo_a_sentence_says_what_to_install()
    {
        sandbox.Without("initdb");
        sandbox.Program("apt-get", "echo apt-get >>\"$CALLS\"");

        var run = sandbox.Run("ops/run", []);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("missing: postgresql", run.Errors, StringComparison.Ordinal);
        Assert.Contains("apt-get install postgresql", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("apt-get", sandbox.Calls, StringComparison.Ordinal);
    }

    [Fact]
    public void Packages_that_cannot_be_fetched_are_told_with_the_reason()
    {
        sandbox.Without("wrk");
        sandbox.Program("apt-get", "echo 'E: Temporary failure resolving'; exit 100");

        var run = sandbox.Run("ops/bench", [], ("FAKE_UID", "0"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Temporary failure resolving", run.Errors, StringComparison.Ordinal);
        Assert.Contains("could not install wrk", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_sdk_comes_from_its_makers_script_into_a_folder_of_its_own()
    {
        sandbox.Without("dotnet");
        sandbox.Program("curl", """
            echo "curl $*" >>"$CALLS"
            while [ "$1" != --output ]; do shift; done
            cat >"$2" <<'END'
            echo "installer $*" >>"$CALLS"
            while [ "$1" != --install-dir ]; do shift; done
            mkdir -p "$2/host/fxr"
            printf '#!/bin/sh\necho 10.0.403\n' >"$2/dotnet"
            chmod +x "$2/dotnet"
            END
            """);

        var first = sandbox.Run("ops/prepare", []);
        var second = sandbox.Run("ops/prepare", []);

        Assert.True(first.ExitCode == 0, first.ToString());
        Assert.Contains("ready: .NET SDK 10.0.403", first.Errors, StringComparison.Ordinal);
        Assert.Contains("--channel 10.0.4xx", sandbox.Calls, StringComparison.Ordinal);
        Assert.Equal("dotnet", Path.GetFileName(Assert.Single(Directory.EnumerateFileSystemEntries(sandbox.At("checkout/.tools")))));
        Assert.True(second.ExitCode == 0, second.ToString());
        Assert.Single(sandbox.Calls.Split('\n'), call => call.StartsWith("curl", StringComparison.Ordinal));
    }

    [Fact]
    public void An_sdk_that_does_not_fit_is_replaced_and_one_that_cannot_be_fetched_leaves_nothing_behind()
    {
        sandbox.Program("dotnet", "echo 'A compatible .NET SDK was not found.'; exit 155");
        sandbox.Program("curl", "echo 'curl: (6) Could not resolve host'; exit 6");

        var run = sandbox.Run("ops/test", []);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Could not resolve host", run.Errors, StringComparison.Ordinal);
        Assert.Contains("install .NET SDK 10.0.4xx", run.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(sandbox.At("checkout/.tools")));
    }

    [Fact]
    public void Run_hands_its_options_to_the_engine_and_becomes_it()
    {
        sandbox.Program("dotnet", """
            if [ "$1" = --version ]; then
                echo 10.0.401
                exit
            fi
            out=$2/bin/Release/net10.0
            mkdir -p "$out"
            printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >"$out/engine"
            chmod +x "$out/engine"
            """);

        var run = sandbox.Run("ops/run", ["--config", "my engine.json"]);

        Assert.Equal("<run><--config><my engine.json>", run.Output);
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public void The_command_line_of_an_engine_that_is_not_built_says_how_to_build_it()
    {
        var run = sandbox.Run("ops/engine", ["status"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("start it once with ops/run", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_home_that_cannot_be_written_is_replaced_by_a_folder_in_the_checkout()
    {
        sandbox.Program("dotnet", "echo \"home $HOME\" >>\"$CALLS\"; echo 10.0.401");

        var run = sandbox.Run("ops/prepare", [], ("HOME", "/proc/nowhere"));

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains($"home {sandbox.At("checkout/.tools/home")}", sandbox.Calls, StringComparison.Ordinal);
    }
}
