using System.Runtime.CompilerServices;
using System.Text.Json;
using Engine.Hosting.CommandLine;

namespace Engine.Tasks.Events;

/// <summary>Follows what happens to tasks from the command line: goes on after a break, and leaves out what comes twice then.</summary>
sealed class FollowTasks(EngineClient client, CommandFrame frame)
{
    const int MostKnown = 20_000;

    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500), LongestPause = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromMinutes(1);

    readonly HashSet<string> known = new(StringComparer.Ordinal);
    readonly Queue<string> order = new();

    /// <param name="following">Told each time when the stream is open: what happens from then on comes.</param>
    /// <exception cref="CommandException">The engine refuses, or was not reached for a minute.</exception>
    public async IAsyncEnumerable<JsonElement> RunAsync(string path, Action following, [EnumeratorCancellation] CancellationToken ct)
    {
        string? last = null;
        var pause = FirstPause;
        var lost = frame.Time.GetTimestamp();
        while (true)
        {
            using var feed = await OpenAsync(path, last, lost, ct);
            if (feed is not null)
            {
                await using var events = feed.ReadAsync(ct).GetAsyncEnumerator(ct);
                while (await NextAsync(events) is { } e)
                {
                    (last, pause) = (e.LastId, FirstPause);
                    if (e.Type == "following") following();
                    if (e.Type == "message" && JsonElement.Parse(e.Data) is var task && IsNew(task.Text("event_id"))) yield return task;
                }
                lost = frame.Time.GetTimestamp();
                frame.Terminal.Note("The stream broke off; going on where it was.");
            }
            await Task.Delay(pause, frame.Time, ct);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>What was shown already from elsewhere.</summary>
    public bool IsNew(string eventId)
    {
        if (!known.Add(eventId)) return false;
        order.Enqueue(eventId);
        if (order.Count > MostKnown) known.Remove(order.Dequeue());
        return true;
    }

    async Task<EngineFeed?> OpenAsync(string path, string? last, long lost, CancellationToken ct)
    {
        try
        {
            return await client.OpenAsync(path, last, ct);
        }
        catch (CommandException e) when (last is not null && e.Code is ExitCode.Unreachable or ExitCode.Failed && frame.Time.GetElapsedTime(lost) < Patience)
        {
            return null; // it may be starting again
        }
    }

    static async Task<FeedEvent?> NextAsync(IAsyncEnumerator<FeedEvent> events)
    {
        try
        {
            return await events.MoveNextAsync() ? events.Current : null;
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return null; // broken off
        }
    }
}
