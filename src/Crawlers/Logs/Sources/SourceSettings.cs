using System.Text.RegularExpressions;
using Crawlers.Logs.Counting;
using Crawlers.Logs.Events;

namespace Crawlers.Logs.Sources;

/// <summary>What is set of a source; which members count depends on its kind.</summary>
public sealed partial record SourceSettings
{
    /// <summary>Of all its lines, where their place names none.</summary>
    public string? Service { get; init; }

    public string? Release { get; init; }

    /// <summary>Only engines on this host read it; null: any that sees it.</summary>
    public string? Host { get; init; }

    public LogFormat Format { get; init; } = LogFormat.Auto;

    /// <summary>Events of this level and above are errors: warning, error or critical, or unknown for all.</summary>
    public LogLevel CountFrom { get; init; } = LogLevel.Error;

    /// <summary>Of times that name none, such as +02:00; null: UTC.</summary>
    public string? Zone { get; init; }

    /// <summary>files: patterns. docker, kubernetes and journald: the folder, at most one; none: the usual one.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>files: what is left out.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>What is there already is passed over.</summary>
    public bool FromEnd { get; init; }

    /// <summary>journald: only these units; none: all.</summary>
    public IReadOnlyList<string> Units { get; init; } = [];

    /// <summary>loki: its address.</summary>
    public Uri? Url { get; init; }

    /// <summary>loki: in LogQL, a selector with or without filters.</summary>
    public string? Query { get; init; }

    /// <summary>loki: the tenant, sent as X-Scope-OrgID.</summary>
    public string? Tenant { get; init; }

    /// <summary>loki: the environment variable or, with a leading slash, the file that holds the token, or user:password.</summary>
    public string? Secret { get; init; }

    public static IReadOnlyList<string> Kinds { get; } = ["files", "docker", "kubernetes", "journald", "loki", "otlp", "stdin"];

    public CountSettings Counting(bool keepsEvents) => new()
    {
        Format = Format, CountFrom = CountFrom, Zone = OffsetOf(Zone) ?? TimeSpan.Zero, Service = Service ?? "", Release = Release ?? "", KeepsEvents = keepsEvents,
    };

    /// <returns>What is wrong, each with the thing, the limit and the value.</returns>
    public IEnumerable<string> Problems(string kind)
    {
        if (Zone is not null && OffsetOf(Zone) is null) yield return $"zone is an offset such as +02:00, not \"{Zone}\"";
        foreach (var (name, text) in new[] { ("service", Service), ("release", Release), ("host", Host), ("tenant", Tenant) })
            if (text is { Length: 0 or > 200 } || (text?.Any(char.IsControl) ?? false)) yield return $"{name} has 1 to 200 characters and no control characters";
        if (kind == "files" && Paths.Count is 0 or > 100) yield return $"paths has 1 to 100 patterns, not {Paths.Count}";
        if (kind is "docker" or "kubernetes" or "journald" && Paths.Count > 1) yield return $"paths has at most one folder, not {Paths.Count}";
        if (kind is not ("files" or "docker" or "kubernetes" or "journald") && Paths.Count > 0) yield return $"paths is not for sources of the kind {kind}";
        if (Paths.Concat(Exclude).FirstOrDefault(p => p.Length is 0 or > 1000 || p.Contains('\0', StringComparison.Ordinal)) is not null) yield return "a path has 1 to 1000 characters";
        if (Exclude.Count > 100) yield return $"exclude has at most 100 patterns, not {Exclude.Count}";
        if (Units.Count > 100 || Units.Any(u => !Unit().IsMatch(u))) yield return "units are at most 100 names of systemd units";
        if (kind != "loki") yield break;
        if (Url is not { Scheme: "http" or "https", IsAbsoluteUri: true }) yield return "url is the http or https address of Loki";
        else if (Url.UserInfo.Length > 0) yield return "url holds no user and password: name them by secret";
        if (Query is not { Length: > 0 and <= 4000 } || Query.Contains('\0', StringComparison.Ordinal)) yield return "query is a LogQL selector of 1 to 4000 characters, such as {app=\"shop\"}";
        if (Secret is { } secret && !SecretPlace().IsMatch(secret)) yield return "secret names an environment variable, or a file by its whole path; it is not the secret itself";
    }

    static TimeSpan? OffsetOf(string? zone)
    {
        if (zone is null || Offset().Match(zone) is not { Success: true } match) return null;
        var offset = new TimeSpan(int.Parse(match.Groups[2].ValueSpan, System.Globalization.CultureInfo.InvariantCulture), int.Parse(match.Groups[3].ValueSpan, System.Globalization.CultureInfo.InvariantCulture), 0);
        return offset > TimeSpan.FromHours(14) ? null : match.Groups[1].Value == "-" ? -offset : offset;
    }

    [GeneratedRegex(@"^([+-])(\d{2}):([0-5]\d)\z")]
    private static partial Regex Offset();

    [GeneratedRegex(@"^([A-Za-z_][A-Za-z0-9_]{0,199}|/[^\x00-\x1f]{1,999})\z")]
    private static partial Regex SecretPlace();

    [GeneratedRegex(@"^[A-Za-z0-9@:._\\-]{1,255}\z")]
    private static partial Regex Unit();
}
