using System.Runtime.InteropServices;

namespace Engine.Hosting.CommandLine;

static class VersionCommand
{
    public static DocumentedCommand Create(CommandFrame frame)
    {
        var command = new DocumentedCommand("version", "Print the version of this program and of what it runs on.", "engine version --json") { frame.Json };
        return command.Runs(parse =>
        {
            if (parse.GetValue(frame.Json))
                frame.Terminal.Json(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("version", EngineVersion.Text);
                    json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
                    json.WriteString("platform", RuntimeInformation.RuntimeIdentifier);
                    json.WriteEndObject();
                });
            else
                frame.Terminal.Say($"engine {EngineVersion.Text} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})");
            return ExitCode.Done;
        });
    }
}
