using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;

namespace Engine.Workers;

/// <summary><c>engine pause</c>, <c>resume</c> and <c>stop</c>: whether the engines of a database take tasks.</summary>
static class EngineModeCommands
{
    public static Command Pause(CommandFrame frame) => Set(frame, "pause", "pause",
        "Let no engine of this database begin a task; what runs goes on. `engine resume` undoes it.",
        "No engine of this database begins a task now; what runs goes on. `engine resume` undoes it.");

    public static Command Resume(CommandFrame frame) => Set(frame, "resume", "start",
        "Let the engines of this database take tasks again, after a pause or a stop.", "The engines of this database take tasks.");

    public static Command Stop(CommandFrame frame) => Set(frame, "stop", "stop",
        "Let no engine of this database run a task: nothing begins, and what runs is given back unharmed. The processes go on serving; to end one, send it SIGTERM. `engine resume` undoes it.",
        "No engine of this database runs tasks now; what ran is given back. The processes go on serving. `engine resume` undoes it.");

    static DocumentedCommand Set(CommandFrame frame, string verb, string route, string description, string said)
    {
        var reason = new Option<string?>("--reason") { Description = "Why, for the audit log; up to 1000 characters.", HelpName = "TEXT" };
        var command = frame.Remote(verb, description, $"engine {verb} --reason \"maintenance of the database\"",
            async (client, parse, ct) =>
            {
                var body = new JsonObject();
                if (parse.GetValue(reason) is { } why) body["reason"] = why;
                var mode = (await client.SendAsync(HttpMethod.Post, $"/api/engine/{route}", body, ct)).Document;
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(mode);
                else frame.Terminal.Say(said);
                return ExitCode.Done;
            });
        command.Add(reason);
        return command;
    }
}
