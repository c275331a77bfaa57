using System.Runtime.CompilerServices;

namespace Engine.Tasks.Events;

/// <summary>
/// Everything that happened from a moment on, and then what happens: first read window by window, at the pace of whoever takes
/// it, then followed with all others. At the seam events come twice; none is missed.
/// </summary>
public sealed class CatchUp(ReadEvents read, FollowEvents follow, TaskLanes lanes)
{
    const int MostInWindow = 5000;

    static readonly TimeSpan First = TimeSpan.FromSeconds(1), Widest = TimeSpan.FromDays(1), Narrowest = TimeSpan.FromMilliseconds(10);

    /// <param name="joined">Told once the events are followed as they come.</param>
    /// <returns>Null when too many follow already.</returns>
    public async IAsyncEnumerable<SentEvent> RunAsync(DateTimeOffset from, EventFilter filter, Action<EventSubscription?> joined, [EnumeratorCancellation] CancellationToken ct)
    {
        var position = from;
        var width = First;
        while ((await read.BeginAsync(ct)).From is var until && until - position > First)
            while (position < until)
            {
                var to = until - position < width ? until : position + width;
                var events = await read.WindowAsync(position, to, filter, to - position <= Narrowest ? int.MaxValue - 1 : MostInWindow, ct);
                if (events is null)
                {
                    width = (to - position) / 4 is var less && less > Narrowest ? less : Narrowest;
                    continue;
                }
                await foreach (var sent in SentAsync(events, position, filter, ct)) yield return sent;
                position = to;
                if (events.Count < MostInWindow / 5 && width < Widest) width *= 4;
            }
        var subscription = await follow.JoinAsync(filter, ct);
        joined(subscription);
        if (subscription is null) yield break;
        var last = await read.WindowAsync(position, DateTimeOffset.MaxValue, filter, int.MaxValue - 1, ct);
        await foreach (var sent in SentAsync(last!, position, filter, ct)) yield return sent;
    }

    async IAsyncEnumerable<SentEvent> SentAsync(IReadOnlyList<TaskEvent> events, DateTimeOffset position, EventFilter filter, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var e in events)
        {
            var kind = (await lanes.FindAsync(e.LaneId, ct)).Kind;
            if (filter.Passes(e, kind)) yield return new SentEvent(e, kind, position);
        }
    }
}
