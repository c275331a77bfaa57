using System.Diagnostics;
using System.Text.Json;
using Chaos.Kinds;
using Chaos.Plans;
using Chaos.Recorded;
using Engine.Tasks;

namespace Chaos.Driving;

/// <summary>Files what the plan says and records what it was told.</summary>
public sealed class FileWork(EngineParts parts, HistoryFile history)
{
    /// <summary>Tasks that come without key, parents or time go the engine's fast way.</summary>
    public async Task RunAsync(Step.File step, CancellationToken ct)
    {
        var filings = Enumerable.Range(0, step.Twice ? 2 : 1).Select(n => FileAsync(step, step.Payload.Tag + (n == 0 ? "" : "b"), ct));
        await Task.WhenAll(filings);
    }

    public async Task RunAsync(Step.FileDag step, string tag, CancellationToken ct)
    {
        var now = parts.Time.GetUtcNow();
        var parents = Enumerable.Range(0, step.Parents).Select(_ => TaskOf(ChaosKinds.Dag, new ChaosPayload(tag, step.Ms)) with { TaskId = Guid.CreateVersion7(now) }).ToArray();
        var children = Enumerable.Range(0, step.Children).Select(n => TaskOf(ChaosKinds.Dag, new ChaosPayload(tag, step.Ms / 2)) with
        {
            TaskId = Guid.CreateVersion7(now),
            DependsOn = [parents[n % parents.Length].TaskId!.Value, parents[(n + 1) % parents.Length].TaskId!.Value],
        }).ToArray();
        var grandchild = TaskOf(ChaosKinds.Effect, new ChaosPayload(tag, step.Ms)) with { TaskId = Guid.CreateVersion7(now), DependsOn = [.. children.Select(c => c.TaskId!.Value)] };
        await FileAsync(tag, [.. parents, .. children, grandchild], ct);
    }

    Task FileAsync(Step.File step, string tag, CancellationToken ct)
    {
        var task = TaskOf(step.Kind, step.Payload with { Tag = tag }) with
        {
            ConcurrencyKey = step.ConcurrencyKey, ConcurrencyLimit = 2, DueAt = step.Later == TimeSpan.Zero ? null : parts.Time.GetUtcNow() + step.Later,
        };
        return FileAsync(tag, [.. Enumerable.Range(0, step.Count).Select(n => step.DedupKeys == 0 ? task : task with { DedupKey = $"key{n % step.DedupKeys}" })], ct);
    }

    async Task FileAsync(string tag, IReadOnlyList<NewTask> tasks, CancellationToken ct)
    {
        var sentAt = Stopwatch.GetTimestamp();
        try
        {
            var filing = await parts.Get<FileTasks>().RunAsync(tasks, "chaos", ct);
            history.Add(filing is Filing.Done done
                ? new RecordedFiling(tag, sentAt, Stopwatch.GetTimestamp(), tasks.Count, Commit.Done, [.. done.Tasks.Select(t => t.TaskId).Distinct()], done.Tasks.Count(t => t.IsNew))
                : new RecordedFiling(tag, sentAt, Stopwatch.GetTimestamp(), tasks.Count, Commit.Refused, [], 0, $"{filing}"));
        }
        catch (Exception e) // whatever went wrong: whether it is filed is not known
        {
            // Keys make a filing smaller by those that others hold: all or nothing cannot be told then.
            var asked = tasks.Any(t => t.DedupKey is not null) ? -1 : tasks.Count;
            history.Add(new RecordedFiling(tag, sentAt, Stopwatch.GetTimestamp(), asked, Commit.Unknown, [], 0, e.Message));
        }
    }

    static NewTask TaskOf(string kind, ChaosPayload payload) => new(kind, JsonSerializer.Serialize(payload, TaskPayload.Options));
}
