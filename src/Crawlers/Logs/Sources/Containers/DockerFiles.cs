using System.Text.Json;
using Crawlers.Logs.Sources.Files;

namespace Crawlers.Logs.Sources.Containers;

/// <summary>Where Docker's daemon keeps containers.</summary>
public sealed record DockerSettings
{
    /// <summary>One folder a container, as below <c>data-root</c> of the daemon.</summary>
    public string Folder { get; init; } = "/var/lib/docker/containers";

    public StartAt StartAt { get; init; } = StartAt.Beginning;
}

/// <summary>The files of Docker's <c>json-file</c> driver, and what the daemon's description of a container says about its lines.</summary>
public sealed class DockerFiles
{
    const int MostRemembered = 10_000;
    readonly Dictionary<string, (DateTime Written, LogLabels Labels)> known = [];

    /// <param name="positions">See <see cref="FilesReader"/>.</param>
    public static FilesReader Read(DockerSettings settings, IReadOnlyDictionary<string, string> positions, TimeProvider time) =>
        new(new FilesSettings { Paths = [Path.Combine(settings.Folder, "*", "*-json.log*")], Exclude = ["*.tmp"], StartAt = settings.StartAt }, positions, time, new DockerFiles().LabelsOf);

    /// <summary>Service: the compose service, else the container's name. Release: the image's version, where its labels have one.</summary>
    public LogLabels LabelsOf(string path)
    {
        var folder = Path.GetDirectoryName(path) ?? "";
        var description = new FileInfo(Path.Combine(folder, "config.v2.json"));
        var before = known.GetValueOrDefault(folder);
        if (!description.Exists || description.LastWriteTimeUtc == before.Written) return before.Labels ?? new LogLabels(); // of a container that was removed the rest is still read
        if (Labels(description.FullName) is not { } labels) return before.Labels ?? new LogLabels();
        if (known.Count >= MostRemembered) known.Clear();
        known[folder] = (description.LastWriteTimeUtc, labels);
        return labels;
    }

    static LogLabels? Labels(string description)
    {
        try
        {
            using var file = File.OpenRead(description);
            using var json = JsonDocument.Parse(file);
            var name = Text(json.RootElement, "Name")?.TrimStart('/');
            var labels = Member(Member(json.RootElement, "Config"), "Labels");
            return new LogLabels(Text(labels, "com.docker.compose.service") ?? name, Text(labels, "org.opencontainers.image.version"));
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null; // it is being written, or says nothing that is understood
        }
    }

    static JsonElement Member(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    static string? Text(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text ? text : null;
}
