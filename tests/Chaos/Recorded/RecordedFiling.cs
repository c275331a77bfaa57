using System.Text.Json.Serialization;

namespace Chaos.Recorded;

/// <summary>One filing of the driver and what it was told.</summary>
/// <param name="Tag">Stands in the payload of each of its tasks.</param>
/// <param name="TaskIds">As answered; empty when nothing was.</param>
/// <param name="Fresh">How many of them are new; the others were live under the same dedup key.</param>
/// <param name="Asked">How many tasks were to be filed; -1 when that depends on keys that others may have held.</param>
public sealed record RecordedFiling(string Tag, long SentAt, long AnsweredAt, int Asked, Commit Commit, IReadOnlyList<Guid> TaskIds, int Fresh, string? Error = null);

/// <summary>What is known of a transaction.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Commit>))]
public enum Commit { Done, Refused, Unknown }

/// <summary>A person's word on a task, and the engine's answer.</summary>
/// <param name="What">cancel, retry, redrive, reassign or decide.</param>
/// <param name="Gate">Null unless it is about one.</param>
/// <param name="Epoch">That the decision named; null: none.</param>
/// <param name="Decision">approved, rejected or signalled; null unless it is about a gate.</param>
/// <param name="Outcome">In the engine's words.</param>
/// <param name="Commit">Done: it counted. Refused: it did not.</param>
public sealed record RecordedDecision(string What, Guid TaskId, string? Gate, long? Epoch, string? Decision, string By, long SentAt, long AnsweredAt, Commit Commit, string Outcome);

/// <summary>One look at the queue.</summary>
/// <param name="IsCalm">Nothing was wrong then, nor had been for a lease before.</param>
/// <param name="OldestReady">How long the oldest task that any worker may claim has been ready, in seconds; 0 when there is none.</param>
/// <param name="OldestTask">Which one that is.</param>
/// <param name="FreeSlots">Of workers that are alive, healthy and not draining.</param>
public sealed record QueueSample(long At, bool IsCalm, double OldestReady, Guid? OldestTask, int FreeSlots);
