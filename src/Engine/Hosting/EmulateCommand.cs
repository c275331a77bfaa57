using System.CommandLine;
using Emulators.OpenRouter;
using Emulators.OpenRouter.Accounts;
using Emulators.OpenRouter.Answers;
using Engine.Hosting.CommandLine;

namespace Engine.Hosting;

/// <summary><c>engine emulate</c>: stand-ins for services that cost money or belong to others.</summary>
static class EmulateCommand
{
    const string AnyKey = "sk-or-emulated";

    public static Command Create(CommandFrame frame) => new("emulate", "Stand-ins for outside services, for demos, tests and load; they listen on this machine alone.")
    {
        OpenRouter(frame),
    };

    static DocumentedCommand OpenRouter(CommandFrame frame)
    {
        var port = new Option<int>("--port") { Description = "The port to listen on; 0 takes a free one.", HelpName = "N", DefaultValueFactory = _ => 7420 };
        port.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var number) && number is >= 0 and <= 65535))
                result.AddError($"--port must be a whole number from 0 to 65535, is \"{token.Value}\".");
        });
        var rules = new Option<string?>("--rules") { Description = "A file of scripted answers, YAML or JSON.", HelpName = "FILE" };
        var key = new Option<string?>("--key") { Description = "The only API key that is accepted; without it any key is.", HelpName = "KEY" };
        var models = new Option<int>("--models") { Description = "Models to make up besides the built-in ones.", HelpName = "N" };
        var speed = new Option<double>("--tokens-per-second") { Description = "How fast its models write; 0: at once.", HelpName = "N" };
        var command = new DocumentedCommand("openrouter", "Play OpenRouter until Ctrl-C: its API with a catalog, prices, a ledger and faults.",
            "engine emulate openrouter\nengine emulate openrouter --port 0 --rules rules.yaml --key sk-or-mine")
        {
            port, rules, key, models, speed,
        };
        return command.Runs((parse, ct) => RunAsync(frame, new OpenRouterOptions
        {
            Port = parse.GetValue(port), Time = frame.Time, Rules = parse.GetValue(rules) is { } file ? Read(file) : [],
            Keys = parse.GetValue(key) is { Length: > 0 } only ? [new EmulatedKey(only)] : [], GeneratedModels = Math.Max(0, parse.GetValue(models)),
            TokensPerSecond = Math.Max(0, parse.GetValue(speed)),
        }, ct));
    }

    static async Task<ExitCode> RunAsync(CommandFrame frame, OpenRouterOptions options, CancellationToken ct)
    {
        await using var emulator = await StartAsync(options, ct);
        var (key, shown) = options.Keys.Count > 0 ? ("the one given", "KEY") : ($"any, such as {AnyKey}", AnyKey);
        frame.Terminal.Say($"""
            OpenRouter is emulated at {emulator.BaseUrl}
              as a provider   base URL {emulator.BaseUrl}, API key: {key}
              try it          curl -s {emulator.BaseUrl}/chat/completions -H 'Authorization: Bearer {shown}' -d '{"{"}"model":"openai/gpt-4o-mini","messages":[{"{"}"role":"user","content":"Hello"{"}"}]{"}"}'
              what it billed  curl -s {new Uri(emulator.Url, "/emulator/ledger")}
              its faults      curl -s {new Uri(emulator.Url, "/emulator/faults")}
            Ctrl-C ends it.
            """);
        frame.Terminal.Output.Flush();
        await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCode.Done;
    }

    static async Task<OpenRouterEmulator> StartAsync(OpenRouterOptions options, CancellationToken ct)
    {
        try
        {
            return await OpenRouterEmulator.StartAsync(options, ct);
        }
        catch (IOException e)
        {
            throw new CommandException(ExitCode.Failed, $"Port {options.Port} cannot be listened on: {e.Message}", "choose another with --port; 0 takes a free one.", e);
        }
        catch (FormatException e)
        {
            throw new CommandException(ExitCode.Misuse, e.Message, "mend the file of --rules.", e);
        }
    }

    static IReadOnlyList<Rule> Read(string file)
    {
        try
        {
            return ReadRules.From(File.ReadAllText(file));
        }
        catch (FormatException e)
        {
            throw new CommandException(ExitCode.Misuse, $"{file}: {e.Message}", "mend the file; an example is in the README of the emulators.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Misuse, $"{file} cannot be read: {e.Message}", null, e);
        }
    }
}
