using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Engine.Hosting.Configuration;
using Engine.Http;

namespace Engine.Tasks;

/// <summary>The JSON of payloads: as strict as the API's, so that what is filed is what the handler gets.</summary>
public static class TaskPayload
{
    public static JsonSerializerOptions Options { get; } = EngineJson.Options;

    /// <returns>The payload's JSON schema, as <c>GET /api/tasks/kinds</c> shows it.</returns>
    public static JsonNode Schema(Type payload)
    {
        Options.MakeReadOnly(populateMissingResolver: true); // as their first use does, which may be this one
        return Options.GetJsonSchemaAsNode(payload, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
    }

    /// <returns>Null when it is one of that kind, else where and why it is not.</returns>
    public static string? Problem(TaskKind kind, string json)
    {
        try
        {
            return kind.Read(json) is IChecked payload && payload.Problems().FirstOrDefault() is { } problem ? problem : null;
        }
        catch (JsonException e)
        {
            var reason = e.Message.Split(" Path: ")[0].Replace($"'{kind.PayloadType}'", "the payload", StringComparison.Ordinal)
                .Replace(kind.PayloadType.FullName ?? kind.PayloadType.Name, "the payload", StringComparison.Ordinal);
            return e.Path is { Length: > 0 } path ? $"at {path}: {reason}" : reason;
        }
    }
}
