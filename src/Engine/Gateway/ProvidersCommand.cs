using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;
using Routing.Providers;

namespace Engine.Gateway;

/// <summary><c>engine providers</c>: where model calls go, and with which key.</summary>
static class ProvidersCommand
{
    const string OpenRouterUrl = "https://openrouter.ai/api/v1";
    static readonly TimeSpan TrialTimeout = TimeSpan.FromMinutes(1);

    public static Command Create(CommandFrame frame) => new("providers", "Providers: where model calls go, and with which key.")
    {
        Add(frame), List(frame), Test(frame), Rotate(frame),
    };

    static Argument<string> Name() => new("name") { Description = "The provider's name." };

    static string Path(string name) => $"/api/providers/{Uri.EscapeDataString(name)}";

    static DocumentedCommand Add(CommandFrame frame)
    {
        var (name, secret) = (Name(), new KeySource());
        var kind = new Option<string>("--kind") { Description = "openrouter, openai (whatever speaks its wire: OpenAI, Ollama, llama.cpp, vLLM) or emulator.", HelpName = "KIND", Required = true };
        kind.OneOf([.. ProviderKinds.All]);
        var url = new Option<string?>("--base-url") { Description = "What /models is appended to: https, or http on the engine's machine; for openrouter its own.", HelpName = "URL" };
        var zero = new Option<bool>("--zero-retention") { Description = "It keeps nothing of what is sent." };
        var regions = new Option<string[]>("--region") { Description = "Where it computes, such as eu; may be given several times.", HelpName = "REGION" };
        var disabled = new Option<bool>("--disabled") { Description = "Make it without using it yet." };
        var command = new DocumentedCommand("add", "Make a provider, try its key, and read its models.",
            "engine providers add openrouter --kind openrouter --key-env OPENROUTER_API_KEY\nengine providers add ollama --kind openai --base-url http://127.0.0.1:11434/v1\n"
            + "engine providers add openai --kind openai --base-url https://api.openai.com/v1 --key-file key --region us")
        {
            name, kind, url, zero, regions, disabled, secret.File, secret.Variable, frame.Json, frame.Url, frame.TokenFile,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(url) is null && result.GetResult(kind)?.Tokens is [var given] && given.Value != ProviderKinds.OpenRouter)
                result.AddError("--base-url must be given: only openrouter has one address for all.");
        });
        return command.Runs(async (parse, ct) =>
        {
            var key = secret.Read(frame, parse, isNeeded: false);
            using var client = frame.Connect(parse, TrialTimeout);
            var path = Path(parse.GetRequiredValue(name));
            var body = new JsonObject
            {
                ["kind"] = parse.GetValue(kind), ["base_url"] = parse.GetValue(url) ?? OpenRouterUrl, ["enabled"] = !parse.GetValue(disabled), ["zero_retention"] = parse.GetValue(zero),
                ["regions"] = new JsonArray([.. (parse.GetValue(regions) ?? []).Select(r => (JsonNode)r)]),
            };
            try
            {
                await client.SendAsync(HttpMethod.Put, path, body, ct);
            }
            catch (CommandException e) when (e.Status == HttpStatusCode.PreconditionRequired)
            {
                throw new CommandException(ExitCode.Refused, $"There is a provider {parse.GetValue(name)} already.", "`engine providers rotate` changes its key.", e);
            }
            if (key is not null) await PutIntoUseAsync(client, path, key, ct);
            return await ModelsCommand.SyncAsync(frame, client, parse, parse.GetValue(name), force: false, ct);
        });
    }

    static DocumentedCommand List(CommandFrame frame)
    {
        var limit = Paging.Limit();
        var command = frame.Remote("list", "List the providers with the fingerprints of their keys; never the keys.", "engine providers list",
            (client, parse, ct) => client.ListAsync(frame, parse, "/api/providers", parse.GetValue(limit),
                ["Name", "Kind", "Base URL", "Enabled", "Models", "Key", "Staged", "Synced", "Problem"],
                p => [p.Text("name"), p.Text("kind"), p.Text("base_url"), Enabled(p), p.Text("models"), Key(p, CredentialStates.Active), Key(p, CredentialStates.Staged),
                    p.Text("synced_at"), p.Text("sync_problem")], ct));
        command.Add(limit);
        return command;
    }

    static DocumentedCommand Test(CommandFrame frame)
    {
        var name = Name();
        var command = frame.Remote("test", "Make a real call that costs nothing, with the key in use.", "engine providers test openrouter", async (client, parse, ct) =>
        {
            var test = (await client.SendAsync(HttpMethod.Post, $"{Path(parse.GetRequiredValue(name))}/test", null, ct)).Document;
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(test);
            else frame.Terminal.Facts([("Working", test.Text("working")), ("Detail", test.Text("detail")), ("Status", test.Text("http_status")), ("Key", test.Text("key")),
                ("Took", string.Create(CultureInfo.InvariantCulture, $"{test.GetProperty("took_seconds").GetDouble():0.000} s"))]);
            return test.Text("working") == "yes" ? ExitCode.Done : ExitCode.Failed;
        });
        command.Add(name);
        return command;
    }

    static DocumentedCommand Rotate(CommandFrame frame)
    {
        var (name, secret) = (Name(), new KeySource());
        var stageOnly = new Option<bool>("--stage") { Description = "Only try the new key and leave it staged." };
        var promote = new Option<bool>("--promote") { Description = "Put the key that is staged into use; no new one is read." };
        var rollBack = new Option<bool>("--rollback") { Description = "Wipe the staged key, or put the key that was replaced last back into use." };
        var command = new DocumentedCommand("rotate", "Change the key of a provider: stage the new one, try it by a real call, put it into use. No call is without a key.",
            "engine providers rotate openrouter --key-file new-key\npass openrouter | engine providers rotate openrouter\nengine providers rotate openrouter --rollback")
        {
            name, secret.File, secret.Variable, stageOnly, promote, rollBack, frame.Json, frame.Url, frame.TokenFile,
        };
        command.Validators.Add(result =>
        {
            if (new Option[] { stageOnly, promote, rollBack }.Count(o => result.GetResult(o) is not null) > 1) result.AddError("--stage, --promote and --rollback exclude each other.");
        });
        return command.Runs(async (parse, ct) =>
        {
            var isMove = parse.GetValue(promote) || parse.GetValue(rollBack);
            var key = isMove ? null : secret.Read(frame, parse, isNeeded: true);
            using var client = frame.Connect(parse, TrialTimeout);
            var path = Path(parse.GetRequiredValue(name));
            var rotated = parse.GetValue(promote) ? (await client.SendAsync(HttpMethod.Post, $"{path}/rotation/promote", null, ct)).Document
                : parse.GetValue(rollBack) ? (await client.SendAsync(HttpMethod.Post, $"{path}/rotation/rollback", null, ct)).Document
                : parse.GetValue(stageOnly) ? await StageAsync(client, path, key!, ct) : await PutIntoUseAsync(client, path, key!, ct);
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(rotated);
            else frame.Terminal.Table(["Key", "State", "Verified", "Since"], rotated.GetProperty("provider").Items("keys").Select(k =>
                new[] { k.Text("fingerprint"), k.Text("state"), k.Text("verified_at"), k.Text("promoted_at") }));
            return ExitCode.Done;
        });
    }

    static async Task<JsonElement> PutIntoUseAsync(EngineClient client, string path, string key, CancellationToken ct)
    {
        await StageAsync(client, path, key, ct);
        return (await client.SendAsync(HttpMethod.Post, $"{path}/rotation/promote", null, ct)).Document;
    }

    static async Task<JsonElement> StageAsync(EngineClient client, string path, string key, CancellationToken ct)
    {
        var staged = (await client.SendAsync(HttpMethod.Post, $"{path}/rotation/stage", new JsonObject { ["key"] = key }, ct)).Document;
        if (staged.TryGetProperty("test", out var test) && test.ValueKind == JsonValueKind.Object && test.Text("working") == "yes") return staged;
        throw new CommandException(ExitCode.Failed, $"The new key does not work: {test.Text("detail")} The key in use stays.",
            test.Text("refused") == "yes" ? "give the right key." : "it stays staged: `--promote` tries it again, `--rollback` wipes it.");
    }

    static string Enabled(JsonElement provider) => provider.Text("kind") == ProviderKinds.Emulator && provider.Text("enabled") == "yes" ? "yes, EMULATED" : provider.Text("enabled");

    static string Key(JsonElement provider, string state) =>
        provider.Items("keys").Where(k => k.Text("state") == state).Select(k => k.Text("fingerprint")).FirstOrDefault("–");
}
