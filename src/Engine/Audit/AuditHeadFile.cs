using System.Text.Json;
using Engine.Hosting;
using Engine.Http;

namespace Engine.Audit;

/// <summary>The last head this node has seen, in a file beside the database and not in it: whoever shortens or rewrites the log by SQL does not reach it.</summary>
public sealed class AuditHeadFile(string dataFolder)
{
    public string Location { get; } = Path.Combine(dataFolder, "audit-head.json");

    public bool Exists => File.Exists(Location);

    /// <returns>Null when there is none yet.</returns>
    /// <exception cref="InvalidDataException">There is one, and it cannot be read.</exception>
    public AuditHead? Read()
    {
        try
        {
            var head = JsonSerializer.Deserialize<AuditHead>(File.ReadAllText(Location), EngineJson.Options);
            return head?.Problem() is null && head is not null ? head
                : throw new InvalidDataException($"{Location} holds no audit head: {head?.Problem() ?? "null"}");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{Location} cannot be read: {e.Message}", e);
        }
    }

    public void Write(AuditHead head) => DataFolder.WriteSecret(Location, JsonSerializer.Serialize(head, EngineJson.Options));
}
