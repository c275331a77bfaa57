namespace Conventions.Scripts;

/// <summary>
/// A checkout in a temporary folder whose path has spaces, with the real <c>ops</c> scripts and stand-ins for every program
/// they call: nothing is installed, built or fetched, and what would have been is in <see cref="Calls"/>.
/// </summary>
sealed class Sandbox : IDisposable
{
    /// <summary>Harmless programs of the system that the scripts need.</summary>
    static readonly string[] Real =
    [
        "awk", "basename", "bash", "cat", "chmod", "cmp", "cp", "dirname", "env", "grep", "gzip", "head", "ln", "mkdir", "mktemp", "mv", "od", "printf",
        "readlink", "rm", "sed", "sh", "sort", "tar", "tee", "tr",
    ];

    readonly string top = Directory.CreateTempSubdirectory("engine ops ").FullName;

    public Sandbox()
    {
        foreach (var folder in new[] { "bin", "checkout", "home", "etc", "tmp" }) Directory.CreateDirectory(At(folder));
        foreach (var file in Repository.Files.Where(f => f.Path.StartsWith("ops/", StringComparison.Ordinal) && f.IsScript || f.Path == "global.json"))
        {
            Write($"checkout/{file.Path}", file.Text);
            MakeExecutable(At($"checkout/{file.Path}"));
        }
        foreach (var name in Real) File.CreateSymbolicLink(At($"bin/{name}"), Find(name));
        foreach (var name in new[] { "shellcheck", "promtool", "faketime", "git", "wrk", "initdb", "psql", "curl", "node", "npm" }) Program(name, "exit 0");
        Program("postgres", "echo 'postgres (PostgreSQL) 15.4 (Debian 15.4-1)'");
        Program("dotnet", """
            echo "dotnet $*" >>"$CALLS"
            case $1 in
                --version) echo 10.0.401 ;;
                build) [ -z "${BUILD_FAILS:-}" ] || { echo "error CS1002: ; expected"; exit 1; } ;;
                test) . "$(dirname "$2")/outcome.sh" ;;
            esac
            """);
        Program("id", "echo \"${FAKE_UID:-1000}\"");
    }

    /// <summary>What the stand-ins were called with, a line each.</summary>
    public string Calls => File.Exists(At("calls")) ? File.ReadAllText(At("calls")) : "";

    public string At(string path) => Path.Combine(top, path);

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }

    /// <summary>Puts a program on the PATH; its text is POSIX shell.</summary>
    public void Program(string name, string script)
    {
        File.Delete(At($"bin/{name}"));
        Write($"bin/{name}", "#!/bin/sh\n" + script + "\n");
        MakeExecutable(At($"bin/{name}"));
    }

    public void Without(params string[] programs)
    {
        foreach (var name in programs) File.Delete(At($"bin/{name}"));
    }

    /// <summary>`apt-get` and `sudo` that work: an installed package brings its programs.</summary>
    public void CanInstall()
    {
        Program("sudo", "echo \"sudo $*\" >>\"$CALLS\"; shift; [ $# = 0 ] || exec \"$@\"");
        Program("true", "exit 0");
        Program("apt-get", """
            bin=$(dirname "$0")
            brings() { printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"; chmod +x "$bin/$1"; }
            for package in "$@"; do
                case $package in
                    postgresql)
                        brings initdb 'exit 0'
                        brings psql 'exit 0'
                        brings postgres "echo 'postgres (PostgreSQL) ${APT_POSTGRES:-15}.4'"
                        ;;
                    prometheus) brings promtool 'exit 0' ;;
                    nodejs) brings node 'exit 0' ;;
                    curl | shellcheck | faketime | git | wrk | npm) brings "$package" 'exit 0' ;;
                esac
            done
            """);
    }

    /// <summary>A test project whose run ends as the shell text says; <c>$results</c> is the path of its trx file.</summary>
    public void TestProject(string name, string outcome)
    {
        Write($"checkout/tests/{name}/{name}.csproj", "<Project><PropertyGroup><IsTestProject>true</IsTestProject></PropertyGroup></Project>\n");
        Write($"checkout/tests/{name}/outcome.sh", $$"""
            while [ "$1" != --results-directory ]; do shift; done
            mkdir -p "$2" && results=$2/{{name}}.trx
            {{outcome}}
            """);
    }

    /// <summary>Shell text that writes a trx file with these counters.</summary>
    public static string Trx(int total, int executed, int passed, string results = "") =>
        $"echo '<TestRun><Results>{results}</Results><ResultSummary><Counters total=\"{total}\" executed=\"{executed}\" passed=\"{passed}\" "
        + $"failed=\"{executed - passed}\" error=\"0\" /></ResultSummary></TestRun>' >\"$results\"";

    public Shell.Outcome Run(string script, string[] arguments, params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = At("bin"), ["HOME"] = At("home"), ["TMPDIR"] = At("tmp"), ["CALLS"] = At("calls"),
            ["ENGINE_POSTGRES_FOLDERS"] = At("no postgres"), ["ENGINE_ETC"] = At("etc"),
        };
        foreach (var (name, value) in more) environment[name] = value;
        return Shell.Run(At($"checkout/{script}"), arguments, environment, folder: "/");
    }

    public void Dispose() => Directory.Delete(top, recursive: true);

    static string Find(string program) =>
        new[] { "/usr/bin", "/bin", "/usr/local/bin" }.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException($"{program} is not on this machine.");

    static void MakeExecutable(string path) => File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute);
}
