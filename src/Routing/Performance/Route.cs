namespace Routing.Performance;

/// <summary>What a process may do with a way to a model, or with a whole provider.</summary>
enum RouteMode
{
    /// <summary>Call.</summary>
    Closed,

    /// <summary>Not call: it stands still, or somebody else tries it.</summary>
    Open,

    /// <summary>Make one call: this process has the ticket.</summary>
    Ticket,

    /// <summary>Not call: the one call is under way.</summary>
    Probing,
}

/// <summary>A way as a process knows it: the last attempts that it made, and whether it may make another. All but <see cref="Mode"/> is guarded by <see cref="Gate"/>.</summary>
sealed class Route(string provider, string model, int remembered)
{
    readonly (long At, string Model, string? Kind)[] attempts = new (long, string, string?)[remembered];
    int count;
    volatile RouteMode mode;

    public Lock Gate { get; } = new();

    public string Provider => provider;

    /// <summary>Empty for the whole provider.</summary>
    public string Model => model;

    public RouteMode Mode { get => mode; set => mode = value; }

    public bool IsOut { get; set; }

    public string Reason { get; set; } = "";

    public DateTimeOffset? RetryAt { get; set; }

    /// <summary>Of the probe that this process holds or makes.</summary>
    public Guid Ticket { get; set; }

    /// <summary>When the ticket was taken, and once its call has begun, when that was.</summary>
    public long TicketAt { get; set; }

    /// <summary>Since when it could be tried by whoever takes the ticket; null: not now.</summary>
    public long? DueSince { get; set; }

    /// <summary>Not to ask for a ticket before: one was of no use lately, let others try.</summary>
    public long NoTicketBefore { get; set; }

    /// <summary>What is to be written of it; null when the table knows all.</summary>
    public RouteChange? Pending { get; set; }

    /// <param name="kind">Of the failure; null when it went well.</param>
    public void Add(long at, string calledModel, string? kind) => attempts[count++ % remembered] = (at, calledModel, kind);

    public void Forget() => count = 0;

    /// <summary>Whether more than half of the last attempts since a time failed, and enough of them; of a provider, on two models at least: one bad model is not its provider's fault.</summary>
    /// <returns>The reason in words; null when it may go on.</returns>
    public string? Bad(long since, int leastFailures)
    {
        var (tried, failed, kinds, failedModels) = (0, 0, new Dictionary<string, int>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        for (var i = Math.Max(0, count - remembered); i < count; i++)
        {
            var (at, calledModel, kind) = attempts[i % remembered];
            if (at < since) continue;
            tried++;
            if (kind is null) continue;
            failed++;
            kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            failedModels.Add(calledModel);
        }
        if (failed < leastFailures || failed * 2 <= tried || (model.Length == 0 && failedModels.Count < 2)) return null;
        return $"{failed} of the last {tried} calls failed ({string.Join(", ", kinds.OrderByDescending(k => k.Value).Select(k => $"{k.Key} {k.Value}"))})";
    }
}

/// <summary>What a process has decided of a way and the table must learn.</summary>
abstract record RouteChange
{
    RouteChange() { } // closed: the kinds below are all there are

    public sealed record Opened(bool IsOut, string Reason) : RouteChange;

    /// <param name="Reason">Why the probe failed; null when it went well.</param>
    public sealed record Probed(Guid Ticket, string? Reason, bool IsOut) : RouteChange;

    public sealed record GivenBack(Guid Ticket) : RouteChange;
}
