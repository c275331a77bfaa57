using System.CommandLine;

namespace Engine.Hosting.CommandLine;

static class CompletionCommand
{
    // The shells ask `engine [suggest:CURSOR] "LINE"`; Suggest answers with one candidate a line.
    const string Bash = """
        # bash completion for engine; load it with: source <(engine completion bash)
        _engine() {
            local line=${COMP_LINE:0:COMP_POINT} candidates
            candidates=$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
            mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "${COMP_WORDS[COMP_CWORD]}")
        }
        complete -o default -F _engine engine
        """;

    const string Zsh = """
        #compdef engine
        # zsh completion for engine; load it with: source <(engine completion zsh)
        _engine() {
            local line="${words[1,CURRENT]}"
            local -a candidates
            candidates=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
            if (( ${#candidates} )) && [[ -n "${candidates[1]}" ]]; then compadd -- "${candidates[@]}"; else _files; fi
        }
        compdef _engine engine
        """;

    const string Fish = """
        # fish completion for engine; load it with: engine completion fish | source
        function __engine_complete
            set -l line (commandline -cp)
            command engine "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c engine -a '(__engine_complete)'
        """;

    public static DocumentedCommand Create(CommandFrame frame)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.OneOf("bash", "zsh", "fish");
        var command = new DocumentedCommand("completion", "Print the script that completes commands and options in a shell.",
            "source <(engine completion bash)\nengine completion zsh > ~/.zfunc/_engine\nengine completion fish > ~/.config/fish/completions/engine.fish")
        {
            shell,
        };
        return command.Runs(parse =>
        {
            frame.Terminal.Say(parse.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitCode.Done;
        });
    }
}
