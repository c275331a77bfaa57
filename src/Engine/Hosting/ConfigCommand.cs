using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Engine.Hosting.CommandLine;
using Engine.Hosting.Configuration;

namespace Engine.Hosting;

/// <summary><c>engine config</c>: what the engine would run with here, without starting it.</summary>
static class ConfigCommand
{
    const string Masked = "(set, hidden)";

    public static Command Create(CommandFrame frame) => new("config", "The engine's configuration on this machine: what is set, where, and whether it is right.")
    {
        Show(frame), Check(frame),
    };

    static DocumentedCommand Show(CommandFrame frame)
    {
        var all = new Option<bool>("--all") { Description = "List the defaults too, with what each setting does." };
        var command = new DocumentedCommand("show", "Show the effective settings and where each comes from; secrets are masked.",
            "engine config show --all\nENGINE__HTTP__LISTEN=http://127.0.0.1:8000 engine config show --json")
        {
            all, frame.Json,
        };
        return command.Runs(parse =>
        {
            var (settings, problems) = EngineSettings.Check(parse.GetValue(frame.Config), frame.Environment);
            var shown = Effective(settings).Where(s => parse.GetValue(all) || s.Origin != "default").ToArray();
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(json => Write(json, settings, shown));
            else
            {
                frame.Terminal.Facts([("Data folder", settings.DataFolder), ("File", settings.File ?? "none")]);
                if (shown.Length == 0) frame.Terminal.Note("Every setting stands at its default; --all lists them.");
                else frame.Terminal.Table(["Setting", "Value", "Origin", .. parse.GetValue(all) ? ["What it does"] : Array.Empty<string>()],
                    shown.Select(s => (string[])[s.Setting.Key, s.Value ?? "–", s.Origin, .. parse.GetValue(all) ? [s.Setting.Description] : Array.Empty<string>()]));
            }
            if (problems.Count > 0) frame.Terminal.Note("Something is wrong with it; `engine config check` tells what.");
            return ExitCode.Done;
        });
    }

    static DocumentedCommand Check(CommandFrame frame)
    {
        var command = new DocumentedCommand("check", "List every problem of the configuration at once; exit code 1 when there is one.",
            "engine config check --config /etc/engine.json")
        {
            frame.Json,
        };
        return command.Runs(parse =>
        {
            var (settings, problems) = EngineSettings.Check(parse.GetValue(frame.Config), frame.Environment);
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("file", settings.File);
                json.WriteStartArray("problems");
                foreach (var problem in problems) json.WriteStringValue(problem);
                json.WriteEndArray();
                json.WriteEndObject();
            });
            else
            {
                foreach (var problem in problems) frame.Terminal.Say($"- {problem}");
                frame.Terminal.Say(problems.Count == 0
                    ? $"The configuration is right ({settings.File ?? "no file, defaults and environment"})."
                    : $"The configuration has {problems.Count} problem{(problems.Count == 1 ? "" : "s")} ({settings.File ?? "no file, defaults and environment"}).");
            }
            return problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        });
    }

    static IEnumerable<(Setting Setting, string? Value, string Origin)> Effective(EngineSettings settings) =>
        from setting in Setting.All
        orderby setting.Key
        let value = Text(setting.Property.GetValue(settings.Get(setting.Property.DeclaringType!)))
        let origin = settings.Values.TryGetValue(setting.Key, out var configured) ? configured.Origin : "default"
        select (setting, setting.IsSecret && value is not null ? Masked : value, origin);

    static string? Text(object? value) => value switch
    {
        null => null,
        bool yes => yes ? "true" : "false",
        Enum name => JsonNamingPolicy.SnakeCaseLower.ConvertName(name.ToString()),
        IEnumerable<string> list => string.Join(", ", list),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    static void Write(Utf8JsonWriter json, EngineSettings settings, IEnumerable<(Setting Setting, string? Value, string Origin)> shown)
    {
        json.WriteStartObject();
        json.WriteString("data_folder", settings.DataFolder);
        json.WriteString("file", settings.File);
        json.WriteStartArray("settings");
        foreach (var (setting, value, origin) in shown)
        {
            json.WriteStartObject();
            json.WriteString("key", setting.Key);
            json.WriteString("value", value);
            json.WriteString("origin", origin);
            json.WriteString("variable", setting.Variable);
            json.WriteBoolean("secret", setting.IsSecret);
            json.WriteString("description", setting.Description);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
