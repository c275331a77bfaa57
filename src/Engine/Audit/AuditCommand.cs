using System.CommandLine;
using Engine.Hosting.CommandLine;

namespace Engine.Audit;

/// <summary><c>engine audit</c>: what happened, and the proof that nobody rewrote it.</summary>
static class AuditCommand
{
    public static Command Create(CommandFrame frame) => new("audit", "The audit log: what happened, and the proof that nobody rewrote it.")
    {
        VerifyAuditCommand.Create(frame), Head(frame), List(frame),
    };

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
        var subject = new Option<string?>("--subject") { Description = "Only what was done to this, such as schedule:verify_audit.", HelpName = "SUBJECT" };
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
}
