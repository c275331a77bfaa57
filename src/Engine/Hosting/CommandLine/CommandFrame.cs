using System.Collections;
using System.CommandLine;
using Engine.Hosting.Configuration;

namespace Engine.Hosting.CommandLine;

/// <summary>What all commands share: where they write, what they see of their process, and the options that many of them take.</summary>
public sealed class CommandFrame(Terminal terminal, IDictionary environment, TimeProvider time)
{
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    public Terminal Terminal { get; } = terminal;

    public IDictionary Environment { get; } = environment;

    public TimeProvider Time { get; } = time;

    /// <summary>What is typed or piped into the command: secrets, which have no place in its arguments.</summary>
    public TextReader Input { get; init; } = Console.In;

    /// <summary>What <c>engine run</c> registers besides its own slices, such as further kinds of tasks; null: nothing.</summary>
    public Action<IServiceCollection>? Additions { get; init; }

    /// <summary>Fires at the second signal to stop.</summary>
    public CancellationToken Hurry { get; init; }

    public Option<string?> Config { get; } = new("--config")
    {
        Description = "The engine's configuration file; else ENGINE_CONFIG, or engine.json in the data folder.",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document for programs instead of a table." };

    public Option<string?> Url { get; } = new("--url")
    {
        Description = "The engine's address; else ENGINE_URL, the client's configuration, or this machine's engine.",
        HelpName = "URL",
    };

    public Option<string?> TokenFile { get; } = new("--token-file")
    {
        Description = "A file that holds the API token; else ENGINE_TOKEN, ENGINE_TOKEN_FILE, the client's configuration, or this machine's first admin token.",
        HelpName = "FILE",
    };

    /// <summary>A verb that asks a running engine and can answer in JSON.</summary>
    internal DocumentedCommand Remote(string name, string description, string example, Func<EngineClient, ParseResult, CancellationToken, Task<ExitCode>> run)
    {
        var command = new DocumentedCommand(name, description, example) { Json, Url, TokenFile };
        command.Runs(async (parse, ct) =>
        {
            using var client = Connect(parse, AnswerTimeout);
            return await run(client, parse, ct);
        });
        return command;
    }

    public EngineClient Connect(ParseResult parse, TimeSpan timeout) => new(Address(parse), timeout);

    /// <summary>For what the engine tells anybody: no token is read, none is sent.</summary>
    public EngineClient ConnectWithoutToken(ParseResult parse, TimeSpan timeout) =>
        new(EngineAddress.WithoutToken(parse.GetValue(Url), parse.GetValue(Config), Environment), timeout);

    public EngineAddress Address(ParseResult parse)
    {
        var address = EngineAddress.Find(parse.GetValue(Url), parse.GetValue(TokenFile), parse.GetValue(Config), Environment);
        if (address.Token is not null && !address.IsLoopback && address.Url.Scheme == Uri.UriSchemeHttp)
            Terminal.Note($"Warning: the token crosses the network in clear text to {address.Url}; use https.");
        return address;
    }

    /// <exception cref="StartupException">Lists every problem of the configuration.</exception>
    public EngineSettings Settings(ParseResult parse) => EngineSettings.Load(parse.GetValue(Config), Environment);
}
