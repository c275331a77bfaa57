using System.Text.Json;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary>What was found out about an error without a model, for people.</summary>
static class TriageFacts
{
    public static IEnumerable<(string Name, string Value)> Of(JsonElement triage)
    {
        yield return ("Comes from", triage.Text("file") is { Length: > 1 } file ? $"{file}:{triage.Text("line")} {triage.Text("function")}" : "unknown");
        if (triage.TryGetProperty("commit", out var commit) && commit.ValueKind == JsonValueKind.Object)
            yield return ("Last change", $"{commit.Text("id")} {commit.Text("summary")}, by {commit.Text("author")} at {commit.Text("at")}");
        if (triage.Items("owners").Any()) yield return ("Owners", string.Join(", ", triage.Items("owners").Select(o => o.GetString())));
        yield return ("Because", triage.Text("reason"));
    }
}
