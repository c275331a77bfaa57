using System.Buffers;
using Crawlers.Logs.Sources.Files;

namespace Crawlers.Logs.Sources.Containers;

/// <summary>Where a node's kubelet keeps the logs of pods.</summary>
public sealed record KubernetesSettings
{
    public string Folder { get; init; } = "/var/log/pods";

    /// <summary>Only these namespaces; empty: all.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>What the service is named after.</summary>
    public ServiceName ServiceName { get; init; } = ServiceName.Workload;

    public StartAt StartAt { get; init; } = StartAt.Beginning;
}

public enum ServiceName
{
    /// <summary>The deployment, stateful set, daemon set or job, as the pod's name tells it.</summary>
    Workload,
    Container,
}

/// <summary>The files that kubelet has container runtimes write: <c>NAMESPACE_POD_UID/CONTAINER/0.log</c>, rotated to <c>0.log.20260301-090000</c> and packed.</summary>
public sealed class KubernetesFiles(ServiceName serviceName)
{
    // Generated names have no vowels, so that they form no words.
    static readonly SearchValues<char> Generated = SearchValues.Create("bcdfghjklmnpqrstvwxz2456789");

    /// <param name="positions">See <see cref="FilesReader"/>.</param>
    public static FilesReader Read(KubernetesSettings settings, IReadOnlyDictionary<string, string> positions, TimeProvider time) =>
        new(new FilesSettings
        {
            Paths = settings.Namespaces.Count == 0 ? [Path.Combine(settings.Folder, "*_*_*", "*", "*.log*")] : [.. settings.Namespaces.Select(n => Path.Combine(settings.Folder, n + "_*_*", "*", "*.log*"))],
            Exclude = ["*.tmp"], // what kubelet packs into
            StartAt = settings.StartAt,
        }, positions, time, new KubernetesFiles(settings.ServiceName).LabelsOf);

    public LogLabels LabelsOf(string path) =>
        path.Split('/') is not [.., var pod, var container, _] || pod.Split('_') is not [_, var name, _] ? new LogLabels()
        : new LogLabels(serviceName == ServiceName.Container ? container : WorkloadOf(name));

    /// <summary>The name of a pod without what controllers add: <c>web-7d4b9c6f58-x2x9z</c>, <c>agent-x2x9z</c>, <c>db-0</c>, <c>report-29012345-x2x9z</c>.</summary>
    public static string WorkloadOf(string pod)
    {
        var parts = pod.Split('-');
        var kept = parts.Length;
        if (kept > 1 && parts[^1].Length == 5 && IsGenerated(parts[^1]))
        {
            kept--;
            if (kept > 1 && (parts[kept - 1] is { Length: >= 6 and <= 10 } hash && IsGenerated(hash) || parts[kept - 1] is { Length: 8 } minute && minute.All(char.IsAsciiDigit))) kept--;
        }
        else if (kept > 1 && parts[^1] is { Length: > 0 and <= 4 } ordinal && ordinal.All(char.IsAsciiDigit)) kept--;
        return string.Join('-', parts.Take(kept));
    }

    static bool IsGenerated(string part) => !part.AsSpan().ContainsAnyExcept(Generated);
}
