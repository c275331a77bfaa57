using Crawlers.Logs.Sources.Files;

namespace Crawlers.Logs.Sources.Loki;

/// <summary>Which lines of a Loki are read.</summary>
public sealed record LokiSettings
{
    /// <summary>What <c>/loki/api/v1</c> is below of.</summary>
    public required Uri Url { get; init; }

    /// <summary>A query for lines in LogQL, such as <c>{namespace="shop"} |= "error"</c>.</summary>
    public required string Query { get; init; }

    public string? Token { get; init; }

    /// <summary>For basic authentication, together with the password.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>Sent as <c>X-Scope-OrgID</c>.</summary>
    public string? Tenant { get; init; }

    /// <summary>Lines younger than this wait: agents and ingesters deliver some later than others, and what is passed is not asked for again.</summary>
    public TimeSpan Lag { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How far back the first read goes.</summary>
    public TimeSpan Lookback { get; init; } = TimeSpan.FromHours(1);

    public StartAt StartAt { get; init; } = StartAt.Beginning;

    /// <summary>Entries asked for at once; servers refuse more than 5000 unless told otherwise.</summary>
    public int PageEntries { get; init; } = 1000;

    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(30);

    // What a record prints by itself would have the secrets in it.
    public override string ToString() => $"{Url} {Query}";
}
