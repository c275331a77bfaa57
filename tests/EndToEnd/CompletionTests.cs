using Support;

namespace EndToEnd;

/// <summary>The completion scripts, loaded by real shells that ask the real program.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("engine st", "status")]
    [InlineData("engine tokens ", "create list revoke")]
    [InlineData("engine tokens create --ro", "--role")]
    [InlineData("engine tokens create --role op", "operator")]
    [InlineData("engine completion z", "zsh")]
    public async Task Bash_completes_commands_options_and_values(string line, string candidates)
    {
        // What readline does: sets the variables of the line, calls the function, reads COMPREPLY.
        const string Script = """
            source <(engine completion bash)
            COMP_LINE=$1; COMP_POINT=${#1}; read -ra COMP_WORDS <<< "$1"
            [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
            "$(complete -p engine | sed 's/.*-F \([^ ]*\) .*/\1/')"
            printf '%s\n' "${COMPREPLY[@]}"
            """;

        var run = await ShellAsync("bash", ["--norc", "-c", Script, "bash", line]);

        Assert.Equal("", run.Error);
        Assert.Subset(run.Output.Split('\n').ToHashSet(), candidates.Split(' ').ToHashSet());
        Assert.DoesNotContain("config", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task The_script_is_sound_where_the_shell_is_there(string shell)
    {
        var printed = await EngineProcess.RunAsync(Path.GetTempPath(), null, ["completion", shell]);
        Assert.Equal((0, ""), (printed.ExitCode, printed.Error));
        if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(f => File.Exists(Path.Combine(f, shell)))) return; // its text was printed; nobody here can judge it

        using var folder = new TempFolder();
        var checkedByShell = await ShellAsync(shell, ["-n", folder.File("script", printed.Output)]);

        Assert.Equal((0, ""), (checkedByShell.ExitCode, checkedByShell.Error));
    }

    static async Task<ProgramRun> ShellAsync(string shell, string[] arguments)
    {
        var path = $"{Path.GetDirectoryName(EngineProcess.Executable)}:{Environment.GetEnvironmentVariable("PATH")}";
        using var program = RunningProgram.Start(shell, arguments, new Dictionary<string, string> { ["PATH"] = path, ["HOME"] = Path.GetTempPath() });
        return await program.EndAsync(TimeSpan.FromSeconds(30));
    }
}
