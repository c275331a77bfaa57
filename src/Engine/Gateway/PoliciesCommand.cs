using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;
using Engine.Tasks;

namespace Engine.Gateway;

/// <summary><c>engine policies</c>: which models may do which work, for how much money.</summary>
static class PoliciesCommand
{
    const string Root = "/api/routing/policies";

    public static Command Create(CommandFrame frame) => new("policies", "Policies: which models may do which work, for how much money.")
    {
        List(frame), Show(frame), Set(frame), Activate(frame), Diff(frame), TaskTypesCommand.Create(frame),
    };

    static Argument<string> Name() => new("name") { Description = "The policy's name, as `engine policies list` shows it." };

    static string Path(string name) => $"{Root}/{Uri.EscapeDataString(name)}";

    static DocumentedCommand List(CommandFrame frame)
    {
        var limit = Paging.Limit();
        var command = frame.Remote("list", "List the policies that are in force.", "engine policies list",
            (client, parse, ct) => client.ListAsync(frame, parse, Root, parse.GetValue(limit),
                ["Name", "Version", "In force", "Latest", "Models", "Limit a task", "Note"],
                p => [p.Text("policy"), p.Text("version"), p.Text("is_active"), p.Text("latest_version"), Models(p), Limit(p), p.Text("note")], ct));
        command.Add(limit);
        return command;
    }

    static DocumentedCommand Show(CommandFrame frame)
    {
        var name = Name();
        var version = new Option<int?>("--version") { Description = "This version; by default the one that is in force.", HelpName = "N" };
        var command = frame.Remote("show", "Show a policy as JSON, as `set` reads it, with what is odd about it.", "engine policies show code > code.json\nengine policies show code --version 1",
            async (client, parse, ct) =>
            {
                var shown = (await client.GetAsync(Path(parse.GetRequiredValue(name)) + (parse.GetValue(version) is { } v ? $"?version={v}" : ""), ct)).Document;
                if (parse.GetValue(frame.Json))
                {
                    frame.Terminal.Json(shown);
                    return ExitCode.Done;
                }
                var policy = shown.GetProperty("policy");
                if (policy.GetProperty("config") is { ValueKind: JsonValueKind.Object } config) frame.Terminal.Json(config);
                frame.Terminal.Note($"Version {policy.Text("version")} of {policy.Text("policy")}, {(policy.Text("is_active") == "yes" ? "in force" : "not in force")}, by {policy.Text("created_by")} at {policy.Text("created_at")}.");
                if (policy.Text("problem") is not "–" and var problem) frame.Terminal.Note($"It cannot be read: {problem}");
                Warn(frame, shown);
                return ExitCode.Done;
            });
        command.Add(name);
        command.Add(version);
        return command;
    }

    static DocumentedCommand Set(CommandFrame frame)
    {
        var name = new Argument<string>("name") { Description = "The policy's name: small letters, digits and underscores; a new one makes a new policy." };
        var config = new Argument<string>("config") { Description = "The policy as JSON, @FILE to read it from a file, or - for standard input." };
        var note = new Option<string?>("--note") { Description = "Why it is changed.", HelpName = "TEXT" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Check and compare only; keep nothing." };
        var activate = new Option<bool>("--activate") { Description = "Put it in force at once." };
        var command = frame.Remote("set", "Keep a policy as a new version; it is in force once it is activated.",
            "engine policies set code @code.json --dry-run\nengine policies set code @code.json --note \"cheaper at night\" --activate",
            async (client, parse, ct) =>
            {
                var body = new JsonObject
                {
                    ["policy"] = parse.GetRequiredValue(name), ["config"] = PayloadText.Parse(await PayloadText.ReadAsync(parse.GetRequiredValue(config), ct), "config"), ["note"] = parse.GetValue(note) ?? "",
                };
                var saved = (await client.SendAsync(HttpMethod.Post, Root + (parse.GetValue(dryRun) ? "?dry_run=true" : ""), body, ct,
                    ("Idempotency-Key", $"{Guid.CreateVersion7(frame.Time.GetUtcNow())}"))).Document;
                var isActivated = parse.GetValue(activate) && !parse.GetValue(dryRun);
                if (isActivated) await ActivateAsync(client, saved.Text("policy"), saved.GetProperty("version").GetInt32(), Seen(saved.GetProperty("active_version")), ct);
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(saved);
                else Tell(frame, saved, parse.GetValue(dryRun), isActivated);
                return ExitCode.Done;
            });
        foreach (var argument in new[] { name, config }) command.Add(argument);
        foreach (var option in new Option[] { note, dryRun, activate }) command.Add(option);
        return command;
    }

    static DocumentedCommand Activate(CommandFrame frame)
    {
        var name = Name();
        var version = new Argument<int>("version") { Description = "The version to put in force, an older one too." };
        var command = frame.Remote("activate", "Put a version of a policy in force, on all engines within a second.", "engine policies activate code 2",
            async (client, parse, ct) =>
            {
                var policy = parse.GetRequiredValue(name);
                // What is in force at this moment is what is replaced: somebody else's activation in between is not undone.
                var seen = (await client.GetAsync(Path(policy), ct)).ETag;
                var activated = await ActivateAsync(client, policy, parse.GetRequiredValue(version), seen, ct);
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(activated);
                else frame.Terminal.Say(activated.Text("before") == activated.Text("version") ? $"Version {activated.Text("version")} of {policy} was in force already."
                    : $"Version {activated.Text("version")} of {policy} is in force{(activated.Text("before") == "–" ? "" : $" instead of version {activated.Text("before")}")}.");
                return ExitCode.Done;
            });
        command.Add(name);
        command.Add(version);
        return command;
    }

    static DocumentedCommand Diff(CommandFrame frame)
    {
        var name = Name();
        var (from, to) = (Version("--from", "the one that is in force"), Version("--to", "the latest"));
        var with = new Option<string?>("--with") { Description = "Compare the version in force with this policy instead: JSON, @FILE or - for standard input; nothing is kept.", HelpName = "CONFIG" };
        var command = frame.Remote("diff", "Show what is different between two versions, or between the version in force and a file.", "engine policies diff code --from 1 --to 2\nengine policies diff code --with @code.json",
            async (client, parse, ct) =>
            {
                var path = Path(parse.GetRequiredValue(name));
                JsonElement compared;
                if (parse.GetValue(with) is { } config)
                {
                    var body = new JsonObject { ["policy"] = parse.GetRequiredValue(name), ["config"] = PayloadText.Parse(await PayloadText.ReadAsync(config, ct), "config") };
                    compared = (await client.SendAsync(HttpMethod.Post, $"{Root}?dry_run=true", body, ct)).Document;
                }
                else
                {
                    var query = string.Join('&', new[] { ("from", parse.GetValue(from)), ("to", parse.GetValue(to)) }.Where(v => v.Item2 is not null).Select(v => $"{v.Item1}={v.Item2}"));
                    compared = (await client.GetAsync($"{path}/diff{(query.Length > 0 ? "?" : "")}{query}", ct)).Document;
                }
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(compared);
                else TellChanges(frame, compared);
                return ExitCode.Done;
            });
        command.Add(name);
        foreach (var option in new Option[] { from, to, with }) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(with) is not null && (result.GetResult(from) is not null || result.GetResult(to) is not null)) result.AddError("--with compares with the version in force: leave --from and --to out.");
        });
        return command;

        static Option<int?> Version(string name, string usual) => new(name) { Description = $"A version; by default {usual}.", HelpName = "N" };
    }

    static async Task<JsonElement> ActivateAsync(EngineClient client, string name, int version, string? seen, CancellationToken ct)
    {
        try
        {
            return (await client.SendAsync(HttpMethod.Post, $"{Path(name)}/activate", new JsonObject { ["version"] = version }, ct, ("If-Match", seen ?? "\"v0\""))).Document;
        }
        catch (CommandException e) when (e.Status == HttpStatusCode.PreconditionFailed)
        {
            throw new CommandException(ExitCode.Refused, $"Somebody else activated another version of the policy {name} at the same moment; nothing was done.",
                $"look at it with `engine policies show {name}` and give the command again.", e);
        }
    }

    static string Seen(JsonElement version) => Http.EntityTag.Of(version.ValueKind == JsonValueKind.Number ? version.GetInt64() : 0);

    static void Tell(CommandFrame frame, JsonElement saved, bool isDryRun, bool isActivated)
    {
        var (policy, version) = (saved.Text("policy"), saved.Text("version"));
        frame.Terminal.Say(isDryRun ? $"The policy {policy} can be kept like this; nothing was." : isActivated ? $"Version {version} of {policy} is kept and in force."
            : saved.Text("created") == "yes" ? $"Version {version} of {policy} is kept; `engine policies activate {policy} {version}` puts it in force." : $"Version {version} of {policy} says this already; no other was made.");
        TellChanges(frame, saved);
        Warn(frame, saved);
    }

    static void TellChanges(CommandFrame frame, JsonElement compared)
    {
        var changes = compared.Items("changes").ToArray();
        if (changes.Length == 0) frame.Terminal.Note("There is no difference.");
        else frame.Terminal.Table(["Member", "Before", "After"], changes.Select(c => new[] { c.Text("path"), c.Text("before"), c.Text("after") }));
    }

    static void Warn(CommandFrame frame, JsonElement answer)
    {
        foreach (var warning in answer.Items("warnings")) frame.Terminal.Note($"Warning: {warning.Text()}");
    }

    static string Models(JsonElement policy) => policy.GetProperty("config") is { ValueKind: JsonValueKind.Object } config
        ? string.Join(" → ", config.Items("models").OrderBy(m => m.GetProperty("priority").GetInt32()).Select(m => m.Text("model"))) : "–";

    static string Limit(JsonElement policy) => policy.GetProperty("config") is { ValueKind: JsonValueKind.Object } config ? $"${config.Text("max_cost_per_task_usd")}" : "–";
}
