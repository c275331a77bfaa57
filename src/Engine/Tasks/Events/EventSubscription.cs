using System.Text.Json;
using System.Threading.Channels;
using Engine.Http;

namespace Engine.Tasks.Events;

/// <summary>One who follows the events as they come. What they have not taken yet is bounded; beyond that they are cut off.</summary>
public sealed class EventSubscription(EventFilter filter, DateTimeOffset from)
{
    const int MostWaiting = 5000;

    readonly Channel<SentEvent> channel = Channel.CreateBounded<SentEvent>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, SingleWriter = true });

    public EventFilter Filter => filter;

    public ChannelReader<SentEvent> Events => channel.Reader;

    long position = from.UtcTicks;

    /// <summary>Everything before it has been sent, or is waiting here: where to go on from after a break.</summary>
    public DateTimeOffset Position => new(Interlocked.Read(ref position), TimeSpan.Zero);

    /// <summary>It took its events too slowly, or there were more than anybody could take.</summary>
    public bool IsLagging { get; private set; }

    /// <returns>False when it is cut off.</returns>
    internal bool Send(SentEvent e)
    {
        if (channel.Writer.TryWrite(e)) return true;
        Cut();
        return false;
    }

    /// <summary>No more is sent; what waits may still be taken.</summary>
    public void Cut()
    {
        IsLagging = true;
        channel.Writer.TryComplete();
    }

    /// <summary>A pass is through: what comes next is later.</summary>
    internal void Advance(DateTimeOffset to) => Interlocked.Exchange(ref position, to.UtcTicks);

    internal void End() => channel.Writer.TryComplete();
}

/// <param name="position">Where to go on from after this event.</param>
public sealed class SentEvent(TaskEvent e, string kind, DateTimeOffset position)
{
    readonly Lazy<byte[]> json = new(() => JsonSerializer.SerializeToUtf8Bytes(TaskEventResponse.Of(e, kind), EngineJson.Options));

    public DateTimeOffset Position => position;

    /// <summary>Written once for all who get it.</summary>
    public ReadOnlyMemory<byte> Json => json.Value;
}
