using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;

namespace Engine.Audit;

/// <summary><c>engine audit</c>: what happened, and the proof that nobody rewrote it.</summary>
static class AuditCommand
{
    static readonly TimeSpan VerifyTimeout = TimeSpan.FromHours(1);

    public static Command Create(CommandFrame frame) => new("audit", "The audit log: what happened, and the proof that nobody rewrote it.")
    {
        Verify(frame), Head(frame), List(frame),
    };

    static DocumentedCommand Verify(CommandFrame frame)
    {
        var head = new Option<string?>("--head") { Description = "A head noted earlier outside the database (`engine audit head`); the log must still contain it.", HelpName = "POSITION:HASH" };
        head.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && ReadHead(text) is null)
                result.AddError($"--head must be POSITION:HASH as `engine audit head` prints it, is \"{text}\".");
        });
        var command = new DocumentedCommand("verify", "Check the whole audit log: changed, missing, reordered or truncated entries are named.",
            "engine audit verify\nengine audit verify --head \"$(cat /mnt/elsewhere/audit-head)\"")
        {
            head, frame.Json, frame.Url, frame.TokenFile,
        };
        return command.Runs(async (parse, ct) =>
        {
            var expected = parse.GetValue(head) is { } text ? ReadHead(text) : null;
            using var client = frame.Connect(parse, VerifyTimeout);
            var body = new JsonObject();
            if (expected is { } e) body["expected_head"] = new JsonObject { ["position"] = e.Position, ["chain_hash"] = e.Hash };
            var asking = client.SendAsync(HttpMethod.Post, "/api/audit/verify", body, ct);
            return Tell(frame, parse, (await Progress.ShowAsync(frame, "verifying the audit log", asking, ct)).Document);
        });
    }

    static ExitCode Tell(CommandFrame frame, ParseResult parse, JsonElement verdict)
    {
        var isIntact = verdict.TryGetProperty("intact", out var intact) && intact.ValueKind == JsonValueKind.True;
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(verdict);
        else
        {
            foreach (var problem in verdict.Items("problems"))
                frame.Terminal.Say($"{problem.Text("kind")} at position {problem.Text("position")}, entry {problem.Text("entry_id")}: {PlainText.Line(problem.Text("message"))}");
            var head = verdict.TryGetProperty("head", out var h) && h.ValueKind == JsonValueKind.Object ? $", head {h.Text("position")}:{h.Text("chain_hash")}" : "";
            frame.Terminal.Say(isIntact
                ? $"The audit log is intact: {verdict.Text("entries")} entries{head}."
                : $"The audit log is broken: {verdict.Items("problems").Count()} problems in {verdict.Text("entries")} entries.");
        }
        return isIntact ? ExitCode.Done : ExitCode.Failed;
    }

    static DocumentedCommand Head(CommandFrame frame) => frame.Remote(
        "head", "Print the log's head as POSITION:HASH, to be kept where nobody who can change the database can change it.",
        "engine audit head >> /mnt/elsewhere/audit-heads",
        async (client, parse, ct) =>
        {
            var head = (await client.GetAsync("/api/audit/head", ct)).Document;
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(head);
            else frame.Terminal.Say($"{head.Text("position")}:{head.Text("chain_hash")}");
            return ExitCode.Done;
        });

    static DocumentedCommand List(CommandFrame frame)
    {
        var actor = new Option<string?>("--actor") { Description = "Only what this actor did, such as token:k3jx9abc.", HelpName = "ACTOR" };
        var action = new Option<string?>("--action") { Description = "Only this action, such as token.create.", HelpName = "ACTION" };
        var subject = new Option<string?>("--subject") { Description = "Only what was done to this, such as schedule:audit-verify.", HelpName = "SUBJECT" };
        var limit = Paging.Limit();
        var command = frame.Remote("list", "List what happened, newest first.", "engine audit list --action token.create --limit 20",
            (client, parse, ct) =>
            {
                var filters = from filter in new[] { actor, action, subject }
                              let value = parse.GetValue(filter)
                              where value is not null
                              select $"{filter.Name.TrimStart('-')}={Uri.EscapeDataString(value)}";
                var query = string.Join('&', filters);
                return client.ListAsync(frame, parse, $"/api/audit{(query.Length > 0 ? "?" : "")}{query}", parse.GetValue(limit),
                    ["Position", "When", "Actor", "Action", "Subject", "Details", "Source"],
                    e => [e.Text("position"), e.Text("recorded_at"), e.Text("actor"), e.Text("action"), e.Text("subject"), e.Text("details"), e.Text("source")], ct);
            });
        foreach (var option in new Option[] { actor, action, subject, limit }) command.Add(option);
        return command;
    }

    static (long Position, string Hash)? ReadHead(string text) =>
        text.Split(':') is [var position, { Length: 64 } hash] && hash.All(char.IsAsciiHexDigit)
        && long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (number, hash.ToLowerInvariant()) : null;
}
