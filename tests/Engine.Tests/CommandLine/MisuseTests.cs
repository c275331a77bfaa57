using System.CommandLine;
using Engine.Hosting.CommandLine;
using Support;

namespace Engine.Tests.CommandLine;

public sealed class MisuseTests : IDisposable
{
    readonly TempFolder folder = new();

    Dictionary<string, string> Environment => new() { ["ENGINE_DATA"] = folder.Path, ["HOME"] = folder.Path };

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("stauts", "unknown command or argument \"stauts\". Did you mean status?")]
    [InlineData("tokens crate", "engine tokens: unknown command or argument \"crate\". Did you mean create?")]
    [InlineData("status --jsno", "unknown option \"--jsno\". Did you mean --json?")]
    [InlineData("tokens list --confg x", "Did you mean --config?")]
    [InlineData("frobnicate", "unknown command or argument \"frobnicate\".\n")]
    [InlineData("status extra", "unknown command or argument \"extra\"")]
    [InlineData("tokens", "a command is missing: create, list, revoke")]
    [InlineData("", "a command is missing: run, status")]
    [InlineData("--config", "--config")]
    [InlineData("tokens create --role reader", "--name")]
    [InlineData("tokens create --name a --role oprator", "--role must be one of reader, operator, approver, sender, admin, is \"oprator\". Did you mean operator?")]
    [InlineData("tokens create --name a --role reader --expires yesterday", "--expires must be in the future, as 30d")]
    [InlineData("tokens create --name a --role reader --expires 2001-01-01", "--expires must be in the future")]
    [InlineData("tokens revoke 12", "token must be an id or a prefix")]
    [InlineData("tokens list --limit 0", "--limit must be a whole number from 1 to 10000, is")]
    [InlineData("tokens list --limit many", "is \"many\"")]
    [InlineData("--json status", "write it after the command's name")]
    [InlineData("tokens list --token secret", "unknown option \"--token\"")]
    [InlineData("schedules set nightly", "nothing to change")]
    [InlineData("schedules enable", "name")]
    [InlineData("audit verify --head 3:short", "--head must be POSITION:HASH")]
    [InlineData("completion tcsh", "shell must be one of bash, zsh, fish")]
    [InlineData("emulate openrouter --port many", "--port must be a whole number from 0 to 65535, is \"many\"")]
    [InlineData("status --url ftp://engine", "must be http://HOST:PORT")]
    [InlineData("status --token-file /nowhere", "/nowhere cannot be read")]
    public async Task Misuse_ends_with_2_and_says_what_was_meant(string line, string said)
    {
        var run = await CommandLineRun.OfAsync(Environment, line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((ExitCode.Misuse, ""), (run.ExitCode, run.Output));
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.Contains("Remedy: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_command_option_and_argument_says_what_it_does()
    {
        var frame = new CommandFrame(new Terminal(TextWriter.Null, TextWriter.Null, false, false, false), new Dictionary<string, string>(), TimeProvider.System);
        var root = EngineCommand.Create(frame);

        foreach (var command in All(root))
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Description), command.Name);
            Assert.All(command.Options, o => Assert.False(string.IsNullOrWhiteSpace(o.Description), $"{command.Name} {o.Name}"));
            Assert.All(command.Arguments, a => Assert.False(string.IsNullOrWhiteSpace(a.Description), $"{command.Name} {a.Name}"));
        }
    }

    [Theory]
    [InlineData("status", "engine status --json")]
    [InlineData("tokens create", "--expires 30d")]
    [InlineData("schedules set", "--time-zone Europe/Berlin")]
    [InlineData("audit verify", "--head")]
    [InlineData("sql", "engine sql -c")]
    public async Task Help_ends_with_an_example(string command, string example)
    {
        var run = await CommandLineRun.OfAsync(Environment, [.. command.Split(' '), "--help"]);

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        Assert.Contains(example, run.Output[run.Output.LastIndexOf("Example", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_of_the_root_lists_every_exit_code()
    {
        var run = await CommandLineRun.OfAsync(Environment, "--help");

        Assert.Equal(Enum.GetValues<ExitCode>(), ExitCodes.All.Select(c => c.Code));
        Assert.All(ExitCodes.All, c => Assert.Contains($"\n  {(int)c.Code,-3}  {c.Meaning}\n", run.Output, StringComparison.Ordinal));
    }

    static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);
}
