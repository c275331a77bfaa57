using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Database;
using Engine.Hosting.CommandLine;
using Engine.Hosting.Logging;
using Engine.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine.Audit;

/// <summary><c>engine audit verify</c>: asks the engine, or with <c>--offline</c> reads the database itself.</summary>
static class VerifyAuditCommand
{
    static readonly TimeSpan Timeout = TimeSpan.FromHours(1);

    public static DocumentedCommand Create(CommandFrame frame)
    {
        var head = new Option<string?>("--head")
        {
            Description = "A head noted earlier outside the database (`engine audit head`); the log must still contain it.", HelpName = "POSITION:HASH",
        };
        head.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && ReadHead(text) is null)
                result.AddError($"--head must be POSITION:HASH as `engine audit head` prints it, is \"{text}\".");
        });
        var offline = new Option<bool>("--offline") { Description = "Read the configured database itself: trusts no running engine." };
        var command = new DocumentedCommand("verify", "Check the whole audit log: changed, missing, reordered or truncated entries are named.",
            "engine audit verify\nengine audit verify --offline --head \"$(cat /mnt/elsewhere/audit-head)\"")
        {
            head, offline, frame.Json, frame.Url, frame.TokenFile,
        };
        return command.Runs(async (parse, ct) =>
        {
            var expected = parse.GetValue(head) is { } text ? ReadHead(text) : null;
            var verifying = parse.GetValue(offline) ? ReadAsync(frame, parse, expected, ct) : AskAsync(frame, parse, expected, ct);
            return Tell(frame, parse, await Progress.ShowAsync(frame, "verifying the audit log", verifying, ct));
        });
    }

    static async Task<JsonElement> AskAsync(CommandFrame frame, ParseResult parse, AuditHead? expected, CancellationToken ct)
    {
        using var client = frame.Connect(parse, Timeout);
        var body = new JsonObject();
        if (expected is not null) body["expected_head"] = new JsonObject { ["position"] = expected.Position, ["chain_hash"] = expected.ChainHash };
        return (await client.SendAsync(HttpMethod.Post, "/api/audit/verify", body, ct)).Document;
    }

    static async Task<JsonElement> ReadAsync(CommandFrame frame, ParseResult parse, AuditHead? expected, CancellationToken ct)
    {
        var settings = frame.Settings(parse);
        await using var database = await LocalDatabase.OpenAsync(settings, ct);
        await EngineDatabase.ConnectAsync(database.Engine, TimeSpan.Zero, frame.Time, NullLogger.Instance, ct);
        await using var source = database.OpenEngine();
        using var verify = new VerifyAudit(source, new AuditHeadFile(settings.DataFolder), frame.Time, NullLogger<VerifyAudit>.Instance);
        return JsonSerializer.SerializeToElement(AuditVerdictResponse.Of(await verify.RunAsync(expected, ct)), EngineJson.Options);
    }

    static ExitCode Tell(CommandFrame frame, ParseResult parse, JsonElement verdict)
    {
        var isIntact = verdict.TryGetProperty("intact", out var intact) && intact.ValueKind == JsonValueKind.True;
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(verdict);
        else
        {
            foreach (var problem in verdict.Items("problems")) frame.Terminal.Say(HarmlessText.Line(
                $"{problem.Text("kind")} at position {problem.Text("position")}, entry {problem.Text("entry_id")}: {problem.Text("message")}"));
            frame.Terminal.Say(isIntact
                ? $"The audit log is intact: {verdict.Text("entries")} entries, head {Head(verdict)}."
                : $"The audit log is not intact: {verdict.Text("problem_count")} {(verdict.Text("problem_count") == "1" ? "problem" : "problems")} in {verdict.Text("entries")} entries{Named(verdict)}.");
        }
        return isIntact ? ExitCode.Done : ExitCode.Failed;
    }

    static string Named(JsonElement verdict) =>
        verdict.Items("problems").Count() is var named && verdict.Text("problem_count") == $"{named}" ? "" : $", the first {named} are named";

    static string Head(JsonElement verdict) =>
        verdict.TryGetProperty("head", out var head) ? $"{head.Text("position")}:{head.Text("chain_hash")}" : "–";

    static AuditHead? ReadHead(string text) =>
        text.Split(':') is [var position, var hash] && long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && new AuditHead(number, hash.ToLowerInvariant(), null) is var head && head.Problem() is null ? head : null;
}
