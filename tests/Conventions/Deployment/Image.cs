using System.Collections;
using System.Text.Json;
using System.Text.RegularExpressions;
using Engine.Hosting.CommandLine;

namespace Conventions.Deployment;

/// <summary><c>ops/docker/Dockerfile</c>: it names settings and files that exist and does not run as root.</summary>
public sealed partial class Image
{
    const string Path = "ops/docker/Dockerfile";

    /// <summary>Keyword and arguments of each instruction; continued lines are joined.</summary>
    static readonly List<(int Line, string Keyword, string Arguments)> Instructions = Read(Repository.File(Path).Text);

    [Fact]
    public void Every_setting_named_exists() => Violation.None(
        from instruction in Instructions
        where instruction.Keyword is "ENV" or "ARG"
        from Match name in Name().Matches(instruction.Arguments)
        let fault = Variable.Fault(name.Groups["name"].Value)
        where fault is not null
        select new Violation(Path, instruction.Line, fault));

    [Fact]
    public void It_ends_as_an_unprivileged_user_with_a_health_check()
    {
        var lastStage = Instructions[Instructions.FindLastIndex(i => i.Keyword == "FROM")..];

        Assert.Equal(2, Instructions.Count(i => i.Keyword == "FROM"));
        Assert.Equal("app", lastStage.Last(i => i.Keyword == "USER").Arguments);
        Assert.Contains(lastStage, i => i.Keyword == "HEALTHCHECK" && i.Arguments.Contains("\"status\"", StringComparison.Ordinal));
        Assert.Equal("[\"/app/engine\"]", lastStage.Last(i => i.Keyword == "ENTRYPOINT").Arguments);
    }

    [Fact]
    public void Its_commands_are_commands_of_the_engine()
    {
        var terminal = new Terminal(TextWriter.Null, TextWriter.Null, isOutputTerminal: false, isErrorTerminal: false, isColoured: false);
        var engine = EngineCommand.Create(new CommandFrame(terminal, new Hashtable(), TimeProvider.System));
        var commands = Instructions.Where(i => i.Keyword is "CMD" or "HEALTHCHECK")
            .Select(i => JsonSerializer.Deserialize<string[]>(i.Arguments[i.Arguments.IndexOf('[')..])!.SkipWhile(word => word == "/app/engine").ToArray()).ToList();

        Assert.Equal(["run", "status"], commands.Select(words => words[0]).Order());
        Assert.All(commands, words => Assert.Empty(engine.Parse(words).Errors));
    }

    [Fact]
    public void What_it_copies_is_in_the_repository_and_not_ignored()
    {
        var kept = Repository.File(".dockerignore").Text.Split('\n').Where(l => l.StartsWith('!')).Select(l => l[1..]).ToList();
        var copied = Instructions.Where(i => i.Keyword == "COPY" && !i.Arguments.StartsWith("--from", StringComparison.Ordinal))
            .SelectMany(i => i.Arguments.Split(' ')[..^1]).Select(path => path.TrimEnd('/'));

        Assert.All(copied, path =>
        {
            Assert.Contains(path, kept);
            Assert.True(System.IO.Path.Exists(System.IO.Path.Combine(Repository.Root, path)), $"{path} is not in the repository");
        });
    }

    static List<(int, string, string)> Read(string text)
    {
        var instructions = new List<(int, string, string)>();
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var first = i;
            var whole = lines[i];
            while (whole.EndsWith('\\')) whole = whole[..^1].TrimEnd() + " " + lines[++i].Trim();
            if (whole.Length == 0 || whole[0] == '#') continue;
            var parts = whole.Split(' ', 2);
            instructions.Add((first + 1, parts[0], parts[1]));
        }
        return instructions;
    }

    [GeneratedRegex(@"(?:^|\s)(?<name>[A-Z][A-Za-z0-9_]*)=")]
    private static partial Regex Name();
}
