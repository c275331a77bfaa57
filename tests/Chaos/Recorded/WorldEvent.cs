using System.Text.Json.Serialization;

namespace Chaos.Recorded;

/// <summary>What a handler told the world outside of the engine, in the order it arrived there.</summary>
/// <param name="ProcessId">Of the engine that runs the attempt.</param>
/// <param name="SentAt">When the handler began what it tells of, by the monotonic clock that all processes of a host share, in nanoseconds.</param>
/// <param name="Key">The idempotency key of an effect.</param>
/// <param name="Detail">Depends on the kind of the event.</param>
public sealed record WorldEvent(WorldEventKind Kind, Guid TaskId, long Epoch, string TaskKind, int ProcessId, long SentAt, string? Key = null, string? Detail = null)
{
    /// <summary>When it arrived, by the same clock.</summary>
    public long ReceivedAt { get; init; }

    /// <summary>Of an effect: false when the world had seen a higher epoch of the task before.</summary>
    public bool Accepted { get; init; } = true;
}

[JsonConverter(typeof(JsonStringEnumConverter<WorldEventKind>))]
public enum WorldEventKind
{
    /// <summary>The handler began.</summary>
    Started,

    /// <summary>The engine said that the attempt still owned its task; detail: by which means.</summary>
    Owned,

    /// <summary>The engine said that it did not.</summary>
    Disowned,

    /// <summary>Something was done outside.</summary>
    Effect,

    /// <summary>A decision was read; detail: gate and decision.</summary>
    Saw,

    /// <summary>The handler was told to stop and stopped.</summary>
    Stopped,

    /// <summary>The handler is about to return; detail: with what.</summary>
    Returned,
}
