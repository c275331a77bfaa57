using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Chaos.Driving;
using Chaos.Kinds;
using Chaos.Recorded;
using Engine.Access;
using Engine.Hosting;
using Npgsql;
using Support;

namespace EndToEnd.Tasks;

/// <summary>A database whose disk is full: row 12 of the fault matrix.</summary>
public sealed class FullDiskTests
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    int filings;

    [FactOnSmallDisk]
    public async Task What_runs_while_the_disk_is_full_is_neither_lost_nor_done_twice_and_all_goes_on_once_there_is_room()
    {
        using var disk = SmallDisk.Mount(megabytes: 300);
        await using var field = await FaultField.StartAsync(new Dictionary<string, string> { ["min_wal_size"] = "32MB", ["max_wal_size"] = "64MB" }, disk.Path);
        var worker = await field.StartWorkerAsync(TimeSpan.FromMinutes(1)); // nobody is to be taken for dead here
        await Eventually.TrueAsync(() => ListeningFile.Read(worker.DataFolder).Count > 0, Soon, "it listens");
        using var client = Client(worker);

        var (acting, ending) = (new List<Guid>(), new List<Guid>());
        foreach (var fault in new[] { RunOutAsync, RunOutOfLogAsync })
        {
            acting.AddRange(await field.FileAsync(ChaosKinds.Effect, 4, ms: 1500));
            ending.AddRange(await field.FileAsync(ChaosKinds.Quick, 4, ms: 1500));
            await field.BegunAsync([.. acting, .. ending], Soon);
            disk.Fill();

            await fault(field, client);
            await Eventually.TrueAsync(() => ending.All(t => field.EventsOf(t, WorldEventKind.Returned).Count > 0), Soon, "there are ends that cannot be written");
            disk.Free();
            await field.Cluster.BringBackAsync();
            field.ForgetConnections();

            acting.AddRange(await field.FileAsync(ChaosKinds.Effect, 4, ms: 10));
            await field.EndedAsync([.. acting, .. ending], Soon);
            Assert.Equal("filed", await FileLargeAsync(field, client));
        }

        await Eventually.TrueAsync(async () => !await field.ScalarAsync<bool>("select exists (select from task_ready) or exists (select from task_leases)"), Soon, "all has been done");

        Assert.True(worker.IsRunning, worker.LogEnd());
        Assert.All(acting, t => Assert.Single(field.EventsOf(t, WorldEventKind.Effect)));
        Assert.Equal(acting.Count + ending.Count, await field.CountAsync("task_attempts where outcome = 'succeeded' and epoch = 1 and task_id = any(@ids)", [.. acting, .. ending]));
        await field.InvariantsHoldAsync();
    }

    /// <summary>The tables cannot grow.</summary>
    async Task RunOutAsync(FaultField field, HttpClient client)
    {
        await Eventually.TrueAsync(async () => await FileLargeAsync(field, client) != "filed", Soon, "a filing finds no room");
        Assert.Equal("503 database_full", await FileLargeAsync(field, client));
    }

    /// <summary>The server's log cannot grow, without which it cannot go on.</summary>
    async Task RunOutOfLogAsync(FaultField field, HttpClient client)
    {
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () =>
        {
            while (true) await field.ScalarAsync<string>("select pg_logical_emit_message(false, 'chaos', repeat('x', 4000000))::text");
        });
        await Eventually.TrueAsync(async () => await FileLargeAsync(field, client) == "503 database_unavailable", Soon, "a filing finds no database");
    }

    /// <summary>Over the API, with a payload that cannot be pressed into less room.</summary>
    /// <returns>filed, or the status and the code of the refusal, which says when to try again.</returns>
    async Task<string> FileLargeAsync(FaultField field, HttpClient client)
    {
        var tag = $"large{++filings}";
        var noise = Convert.ToHexString(RandomNumberGenerator.GetBytes(20_000));
        using var answer = await client.PostAsJsonAsync("/api/tasks", new { kind = ChaosKinds.Quick, payload = new { tag, ms = 1, way = noise } });
        if (answer.StatusCode == HttpStatusCode.Created)
        {
            var taskId = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("task_id").GetGuid();
            field.History.Add(new RecordedFiling(tag, 0, 0, 1, Commit.Done, [taskId], 1));
            return "filed";
        }
        var (status, code, _) = await answer.ProblemAsync();
        Assert.NotNull(answer.Headers.RetryAfter);
        field.History.Add(new RecordedFiling(tag, 0, 0, 1, code == "database_full" ? Commit.Refused : Commit.Unknown, [], 0));
        return $"{status} {code}";
    }

    static HttpClient Client(WorkerProcess worker)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://{ListeningFile.Read(worker.DataFolder)[^1]}"), Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", File.ReadAllText(FirstToken.PathIn(worker.DataFolder)).Trim());
        return client;
    }
}
