using Crawlers.Logs.Sources;
using Crawlers.Logs.Sources.Containers;
using Crawlers.Logs.Sources.Files;
using Crawlers.Logs.Sources.Journald;
using Crawlers.Logs.Sources.Loki;

namespace Engine.Logs;

/// <summary>Makes the reader of a source of any kind.</summary>
public sealed class OpenReader(OtlpInbox inbox, TimeProvider time)
{
    /// <param name="positions">Where it was left.</param>
    /// <exception cref="UnusableSourceException">Its settings lead nowhere on this machine.</exception>
    public ILogReader Run(ListedSource source, IReadOnlyDictionary<string, string> positions) => source.Kind switch
    {
        "files" => new FilesReader(new FilesSettings
        {
            Paths = source.Settings.Paths, Exclude = source.Settings.Exclude, Service = source.Settings.Service, StartAt = Start(source),
        }, positions, time),
        "docker" => DockerFiles.Read(source.Settings.Paths is [var folder] ? new DockerSettings { Folder = folder, StartAt = Start(source) } : new DockerSettings { StartAt = Start(source) }, positions, time),
        "kubernetes" => KubernetesFiles.Read(source.Settings.Paths is [var folder] ? new KubernetesSettings { Folder = folder, StartAt = Start(source) } : new KubernetesSettings { StartAt = Start(source) }, positions, time),
        "journald" => new JournaldReader(new JournaldSettings { Units = source.Settings.Units, Folder = source.Settings.Paths is [var folder] ? folder : null, StartAt = Start(source) }, positions, time),
        "loki" => new LokiReader(Loki(source.Settings), positions, time),
        "otlp" => new OtlpReader(inbox, positions, time),
        _ => throw new UnusableSourceException($"this engine knows no sources of the kind {source.Kind}"),
    };

    static LokiSettings Loki(SourceSettings settings)
    {
        var secret = settings.Secret is { } name ? Secret(name) : null;
        var user = secret?.IndexOf(':', StringComparison.Ordinal) ?? -1; // user:password; a token has no colon
        return new LokiSettings
        {
            Url = settings.Url!, Query = settings.Query!, Tenant = settings.Tenant, StartAt = settings.FromEnd ? StartAt.End : StartAt.Beginning,
            Token = user < 0 ? secret : null, User = user < 0 ? null : secret![..user], Password = user < 0 ? null : secret![(user + 1)..],
        };
    }

    static string Secret(string name)
    {
        try
        {
            var value = name.StartsWith('/') ? File.ReadAllText(name).Trim() : Environment.GetEnvironmentVariable(name);
            return value is { Length: > 0 } ? value : throw new UnusableSourceException($"the {(name.StartsWith('/') ? "file" : "environment variable")} {name}, which should hold its secret, is {(value is null ? "not set" : "empty")}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnusableSourceException($"the file {name}, which should hold its secret, cannot be read: {e.Message}");
        }
    }

    static StartAt Start(ListedSource source) => source.Settings.FromEnd ? StartAt.End : StartAt.Beginning;

    /// <summary>A while until there may be more.</summary>
    public async Task WaitAsync(ListedSource source, TimeSpan most, CancellationToken ct)
    {
        var wait = source.Kind == "otlp" ? inbox.WaitAsync(most, time, ct) : Task.Delay(most, time, ct);
        await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

/// <summary>A source cannot be read as it is set; the message says why and what helps.</summary>
public sealed class UnusableSourceException(string message) : Exception(message);
