using System.CommandLine;
using System.Text.Json;
using Engine.Hosting.CommandLine;
using Engine.Hosting.Configuration;
using Engine.Http;
using Spectre.Console;

namespace Engine.Hosting.Doctor;

/// <summary><c>engine doctor</c>: looks at everything that can be wrong with a set-up, engine running or not.</summary>
static class DoctorCommand
{
    public static DocumentedCommand Create(CommandFrame frame)
    {
        var command = new DocumentedCommand("doctor",
            "Check this machine's set-up and the running engine, and say what to do about each problem; exit code 1 when there is one.",
            "engine doctor\nengine doctor --json | jq '.checks[] | select(.status == \"failed\")'")
        {
            frame.Json, frame.Url, frame.TokenFile,
        };
        return command.Runs(async (parse, ct) =>
        {
            var findings = new List<Finding>();
            await foreach (var finding in ExamineAsync(frame, parse, ct))
            {
                findings.Add(finding);
                if (!parse.GetValue(frame.Json)) Tell(frame.Terminal, finding);
            }
            var isHealthy = findings.All(f => f.Status != FindingStatus.Failed);
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(json => Write(json, isHealthy, findings));
            return isHealthy ? ExitCode.Done : ExitCode.Failed;
        });
    }

    static async IAsyncEnumerable<Finding> ExamineAsync(
        CommandFrame frame, ParseResult parse, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var isTaken = false;
        yield return CheckMachine.Run();
        var (settings, problems) = EngineSettings.Check(parse.GetValue(frame.Config), frame.Environment);
        yield return CheckConfiguration.Run(settings, problems);
        foreach (var finding in CheckDataFolder.Run(settings.DataFolder)) yield return finding;
        if (problems.Count == 0)
        {
            var postgres = await CheckPostgres.RunAsync(settings, ct);
            yield return postgres;
            if (postgres.Status == FindingStatus.Ok)
                foreach (var finding in await new CheckDatabase(settings, frame.Time).RunAsync(ct)) yield return finding;
            yield return CheckProxy.Run(settings.Get<HttpSettings>());
            foreach (var address in settings.Get<HttpSettings>().Listen)
            {
                var port = await CheckPort.RunAsync(address, ct);
                isTaken |= port.Status == FindingStatus.Failed;
                yield return port;
            }
        }
        foreach (var finding in await EngineAsync(frame, parse, isTaken, ct)) yield return finding;
    }

    static async Task<IReadOnlyList<Finding>> EngineAsync(CommandFrame frame, ParseResult parse, bool isTaken, CancellationToken ct)
    {
        try
        {
            var isDemanded = parse.GetValue(frame.Url) is not null || frame.Environment["ENGINE_URL"] is string { Length: > 0 };
            if (isTaken && !isDemanded) return [Finding.Skipped("engine", "none can run here before the port is free")];
            return await CheckEngine.RunAsync(frame.Address(parse), isDemanded, ct);
        }
        catch (CommandException e)
        {
            return [Finding.Failed("client", e.Message, e.Remedy ?? "correct it.")];
        }
    }

    static void Tell(Terminal terminal, Finding finding)
    {
        var (word, colour) = finding.Status switch
        {
            FindingStatus.Ok => ("ok  ", Color.Green),
            FindingStatus.Skipped => ("–   ", Color.Grey),
            FindingStatus.Warning => ("WARN", Color.Yellow),
            _ => ("FAIL", Color.Red),
        };
        terminal.Line($"{word}  {finding.Name,-13}  {finding.Message.Replace("\n", "\n      ", StringComparison.Ordinal)}", colour);
        if (finding.Remedy is not null) terminal.Say($"      Remedy: {finding.Remedy}");
    }

    static void Write(Utf8JsonWriter json, bool isHealthy, IEnumerable<Finding> findings)
    {
        json.WriteStartObject();
        json.WriteBoolean("healthy", isHealthy);
        json.WriteStartArray("checks");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("name", finding.Name);
            json.WriteString("status", JsonNamingPolicy.SnakeCaseLower.ConvertName(finding.Status.ToString()));
            json.WriteString("message", finding.Message);
            json.WriteString("remedy", finding.Remedy);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
