namespace Routing.Calls;

/// <param name="Lease">How long after a process's last sign of life its slices are taken apart, 2 seconds to 10 minutes.</param>
/// <param name="OpenTimeout">How long a call waits for the database before it is given up.</param>
/// <param name="Listen">Whether sessions are the process's own: then changes are told by notifications, else they are looked for every second; and statements are prepared.</param>
public sealed record LedgerOptions(TimeSpan Lease, TimeSpan OpenTimeout, bool Listen)
{
    public static readonly LedgerOptions Usual = new(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(10), true);

    /// <summary>How long a call waits for money that others give back: until a dead one's is.</summary>
    public TimeSpan Patience => Lease + TimeSpan.FromSeconds(2);
}
