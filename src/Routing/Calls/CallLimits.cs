namespace Routing.Calls;

/// <summary>How long things may take in a call, and how much there may be of them.</summary>
public sealed record CallLimits
{
    /// <summary>Until a connection stands.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Without a sign of life before the first content; then the next route is tried. Comments are signs of life.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Until the first content, signs of life or not.</summary>
    public TimeSpan FirstToken { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Without a sign of life after the first content.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Of a whole request, with all its attempts.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>From the end of the content to the word what it cost; after that the cost is asked for later.</summary>
    public TimeSpan UsageWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest <c>Retry-After</c> that is waited for with the caller waiting; a longer one leads to the next route.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Attempts of one request.</summary>
    public int MaxAttempts { get; init; } = 8;

    /// <summary>Output is not limited to less than this because money is short; then it is another model's turn.</summary>
    public int LeastTokens { get; init; } = 256;

    public int MaxFrameBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Of an answer that comes whole.</summary>
    public int MaxAnswerBytes { get; init; } = 64 * 1024 * 1024;

    public IEnumerable<string> Problems()
    {
        foreach (var (name, value) in new[]
        {
            (nameof(Connect), Connect), (nameof(Silence), Silence), (nameof(FirstToken), FirstToken), (nameof(Idle), Idle), (nameof(Total), Total), (nameof(UsageWait), UsageWait),
        })
            if (value < TimeSpan.FromMilliseconds(100) || value > TimeSpan.FromHours(1)) yield return $"{name} must be from 00:00:00.1 to 01:00:00, is {value}";
        if (LongestWait < TimeSpan.Zero || LongestWait > TimeSpan.FromMinutes(5)) yield return $"LongestWait must be from 00:00:00 to 00:05:00, is {LongestWait}";
        if (MaxAttempts is < 1 or > 50) yield return $"MaxAttempts must be from 1 to 50, is {MaxAttempts}";
        if (LeastTokens is < 1 or > 100_000) yield return $"LeastTokens must be from 1 to 100000, is {LeastTokens}";
    }
}
