using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;
using Routing.Catalog;

namespace Engine.Gateway;

/// <summary><c>engine models</c>: what models there are, and at which price.</summary>
static class ModelsCommand
{
    static readonly TimeSpan SyncTimeout = TimeSpan.FromMinutes(2);

    public static Command Create(CommandFrame frame) => new("models", "Models: which there are, what they can do and what they cost.")
    {
        Sync(frame), List(frame), Show(frame), Diff(frame),
    };

    static Option<string?> Provider() => new("--provider") { Description = "Of this provider alone, as `engine providers list` shows it.", HelpName = "NAME" };

    static DocumentedCommand Sync(CommandFrame frame)
    {
        var provider = Provider();
        var force = new Option<bool>("--force") { Description = "Let more than half of a provider's models go, if they are missing in its list." };
        var command = new DocumentedCommand("sync", "Ask providers for their models now; what cannot be read changes nothing.", "engine models sync\nengine models sync --provider openrouter --force")
        {
            provider, force, frame.Json, frame.Url, frame.TokenFile,
        };
        return command.Runs(async (parse, ct) =>
        {
            using var client = frame.Connect(parse, SyncTimeout);
            return await SyncAsync(frame, client, parse, parse.GetValue(provider), parse.GetValue(force), ct);
        });
    }

    internal static async Task<ExitCode> SyncAsync(CommandFrame frame, EngineClient client, ParseResult parse, string? provider, bool force, CancellationToken ct)
    {
        var body = new JsonObject { ["force"] = force };
        if (provider is not null) body["provider"] = provider;
        var synced = (await client.SendAsync(HttpMethod.Post, "/api/models/sync", body, ct)).Document;
        var providers = synced.Items("providers").ToArray();
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(synced);
        else if (providers.Length == 0) frame.Terminal.Note("No provider is enabled; `engine providers add` makes one.");
        else frame.Terminal.Table(["Provider", "Outcome", "Models", "New", "Gone", "Back", "Dearer", "Cheaper", "Changed", "Left out", "Problem"], providers.Select(p => new[]
        {
            p.Text("provider"), p.Text("outcome"), p.Text("models"), p.Text("new"), p.Text("gone"), p.Text("back"), p.Text("price_up"), p.Text("price_down"), p.Text("changed"),
            p.Items("left_out").Count().ToString(CultureInfo.InvariantCulture), p.Text("problem"),
        }));
        return providers.All(p => p.Text("outcome") == "synced") ? ExitCode.Done : ExitCode.Failed;
    }

    static DocumentedCommand List(CommandFrame frame)
    {
        var (provider, limit) = (Provider(), Paging.Limit());
        var search = new Option<string?>("--search") { Description = "A part of the slug or the name.", HelpName = "TEXT" };
        var state = new Option<string>("--state") { Description = "Only models in this state; without it all of them.", HelpName = "STATE" }.OneOf([.. ModelStates.All]);
        var parameter = new Option<string?>("--with") { Description = "Only models that understand this parameter, such as tools.", HelpName = "PARAMETER" };
        var command = frame.Remote("list", "List the models with their prices in dollars per million tokens.",
            "engine models list --search gpt-4o\nengine models list --state price_unknown\nengine models list --provider openrouter --with tools",
            (client, parse, ct) => client.ListAsync(frame, parse, "/api/models" + Query(("provider", parse.GetValue(provider)), ("search", parse.GetValue(search)),
                    ("state", parse.GetValue(state)), ("parameter", parse.GetValue(parameter))), parse.GetValue(limit),
                ["Provider", "Slug", "State", "Context", "Output", "Input $/M", "Output $/M", "Price", "Corrected"], Row, ct));
        foreach (var option in new Option[] { provider, search, state, parameter, limit }) command.Add(option);
        return command;
    }

    static DocumentedCommand Show(CommandFrame frame)
    {
        var slug = new Argument<string>("slug") { Description = "The model, as `engine models list` shows it." };
        var provider = Provider();
        var command = frame.Remote("show", "Show one model with its price and its last ten changes.", "engine models show openai/gpt-4o-mini\nengine models show llama3.2:3b --provider ollama",
            async (client, parse, ct) =>
            {
                var model = await FindAsync(client, parse.GetRequiredValue(slug), parse.GetValue(provider), ct);
                var changes = (await client.GetAsync("/api/models/changes" + Query(("provider", model.Text("provider")), ("slug", model.Text("slug")), ("limit", "10")), ct))
                    .Document.Items().ToArray();
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(json =>
                {
                    json.WriteStartObject();
                    foreach (var member in model.EnumerateObject()) member.WriteTo(json);
                    json.WriteStartArray("changes");
                    foreach (var change in changes) change.WriteTo(json);
                    json.WriteEndArray();
                    json.WriteEndObject();
                });
                else
                {
                    frame.Terminal.Facts(Facts(model));
                    if (changes.Length > 0) frame.Terminal.Table(["Changed", "Kind", "Detail"], changes.Select(c => new[] { c.Text("changed_at"), c.Text("kind"), c.Text("detail") }));
                }
                return ExitCode.Done;
            });
        command.Add(slug);
        command.Add(provider);
        return command;
    }

    static DocumentedCommand Diff(CommandFrame frame)
    {
        var (provider, limit) = (Provider(), Paging.Limit());
        var kind = new Option<string>("--kind") { Description = "Only changes of this kind.", HelpName = "KIND" }.OneOf([.. ModelChangeKinds.All]);
        var command = frame.Remote("diff", "List what changed in the catalog, newest first.", "engine models diff\nengine models diff --kind price_up --limit 20",
            (client, parse, ct) => client.ListAsync(frame, parse, "/api/models/changes" + Query(("provider", parse.GetValue(provider)), ("kind", parse.GetValue(kind))),
                parse.GetValue(limit), ["Changed", "Provider", "Slug", "Kind", "Detail"],
                c => [c.Text("changed_at"), c.Text("provider"), c.Text("slug"), c.Text("kind"), c.Text("detail")], ct));
        foreach (var option in new Option[] { provider, kind, limit }) command.Add(option);
        return command;
    }

    static async Task<JsonElement> FindAsync(EngineClient client, string slug, string? provider, CancellationToken ct)
    {
        if (provider is not null)
            return (await client.GetAsync($"/api/models/{Uri.EscapeDataString(provider)}/{string.Join('/', slug.Split('/').Select(Uri.EscapeDataString))}", ct)).Document;
        var found = (await client.GetAsync("/api/models" + Query(("search", slug), ("limit", "200")), ct)).Document.Items().Where(m => m.Text("slug") == slug).ToArray();
        return found switch
        {
            [var one] => one,
            [] => throw new CommandException(ExitCode.Refused, $"There is no model \"{slug}\".", "`engine models list --search` finds models by a part of their name."),
            _ => throw new CommandException(ExitCode.Refused, $"{found.Length} providers have a model \"{slug}\": {string.Join(", ", found.Select(m => m.Text("provider")))}.", "name one with --provider."),
        };
    }

    static IEnumerable<(string, string)> Facts(JsonElement m)
    {
        (string Column, string Member)[] plain =
        [
            ("Provider", "provider"), ("Slug", "slug"), ("Name", "name"), ("State", "state"), ("Context", "context_tokens"), ("Most output", "max_output_tokens"),
            ("Quality", "quality"), ("Zero retention", "zero_retention"), ("Expires", "expires_at"), ("First seen", "first_seen_at"), ("Gone", "gone_at"),
            ("Price from", "price_origin"), ("Since", "price_since"), ("Corrected", "corrected_at"), ("By", "corrected_by"), ("Note", "note"),
        ];
        foreach (var (column, member) in plain) yield return (column, m.Text(member));
        foreach (var (column, member) in new[] { ("Takes", "input_modalities"), ("Gives", "output_modalities"), ("Understands", "parameters"), ("Regions", "regions") })
            yield return (column, m.Items(member).Select(i => i.Text()).DefaultIfEmpty("–").Aggregate((a, b) => $"{a}, {b}"));
        if (m.TryGetProperty("price", out var price) && price.ValueKind == JsonValueKind.Object)
            foreach (var part in price.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Number && p.Value.GetDecimal() != 0))
                yield return (part.Name, $"{part.Value.GetRawText()}");
    }

    static string[] Row(JsonElement m) =>
    [
        m.Text("provider"), m.Text("slug"), m.Text("state"), m.Text("context_tokens"), m.Text("max_output_tokens"), PerMillion(m, "prompt_usd"), PerMillion(m, "completion_usd"),
        m.Text("price_origin"), m.Text("corrected_at"),
    ];

    static string PerMillion(JsonElement model, string member) => model.TryGetProperty("price", out var price) && price.ValueKind == JsonValueKind.Object
        ? (price.GetProperty(member).GetDecimal() * 1_000_000).ToString("0.00######", CultureInfo.InvariantCulture) : "–";

    static string Query(params (string Name, string? Value)[] parts)
    {
        var given = parts.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}").ToArray();
        return given.Length == 0 ? "" : "?" + string.Join('&', given);
    }
}
