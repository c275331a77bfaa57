using System.Diagnostics;
using System.Globalization;
using Chaos.Driving;
using Chaos.Kinds;
using Dapper;

namespace EndToEnd.Tasks;

/// <summary>Thousands of notifications a second, most of them unreadable, and a listener that takes none of them: row 18 of the fault matrix.</summary>
public sealed class NotificationStormTests(SharedField shared) : IClassFixture<SharedField>
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40), Pause = TimeSpan.FromMilliseconds(20);
    const int Filings = 100;

    const int AtOnce = 200, Sessions = 3;

    // One after the other, each in a transaction of its own: lanes that there are, lanes that nobody knows, tasks that nobody runs, texts that mean nothing,
    // one as long as can be.
    static readonly string StormSql = $"""
        do $$
        begin
            for n in 1..{AtOnce} loop
                perform pg_notify('engine_tasks', case n % 5 when 0 then '1,2' when 1 then (1000000 + n)::text when 2 then 'stop:' || gen_random_uuid() when 3 then 'changed' else 'x' || n end);
                commit;
                perform pg_sleep(0.0002);
            end loop;
            perform pg_notify('engine_tasks', repeat('z', 7999));
        end $$
        """;

    readonly FaultField field = shared.Field;

    [Fact]
    public async Task A_storm_of_notifications_keeps_nobody_from_filing_and_running_and_makes_no_storm_of_queries()
    {
        var (worker, stuck) = (field.Worker(), field.Worker());
        await Task.WhenAll(field.StartAsync(worker), field.StartAsync(stuck));
        await field.EndedAsync(await field.FileAsync(ChaosKinds.Quick, 20), Soon);
        stuck.Signal("STOP"); // it hears no more, and its session is there still
        var (claims, lanes, passes, memory) = (Times(worker, "delete from task_ready"), Times(worker, "from task_lanes"), Times(worker, "from task_engine"), MemoryMb(worker));
        using var over = new CancellationTokenSource();
        var clock = Stopwatch.StartNew();
        var storm = Task.Run(() => StormAsync(over.Token));

        var tasks = new List<Guid>();
        for (var i = 0; i < Filings; i++)
        {
            tasks.AddRange(await field.FileAsync(ChaosKinds.Quick));
            await Task.Delay(Pause);
        }
        await field.EndedAsync(tasks, Soon);
        Assert.Equal(0, await field.ScalarAsync<long>("select count(*) from pg_stat_activity where query like 'listen%' and state like 'idle in transaction%'"));
        var seconds = clock.Elapsed.TotalSeconds;
        await over.CancelAsync();
        var told = await storm;

        Assert.InRange<double>(told, 200 * seconds, double.MaxValue); // some thousands where nobody else wants the processors
        Assert.Equal(Filings, await field.CountAsync("task_attempts where outcome = 'succeeded' and epoch = 1 and task_id = any(@ids)", tasks));
        // After each task that was found, looks in vain wait 1, 2, 4, 8, 16 ms and then 20 ms each: far fewer than there are notifications.
        Assert.InRange<double>(Times(worker, "delete from task_ready") - claims, Filings, 6 * Filings + 60 * seconds);
        Assert.InRange<double>(Times(worker, "from task_lanes") - lanes, 1, 6 * Filings + 60 * seconds);
        Assert.InRange<double>(Times(worker, "from task_engine") - passes, 1, 30 * seconds);
        Assert.InRange<double>(MemoryMb(worker) - memory, double.MinValue, 100);
        stuck.Signal("CONT");
        await worker.StopAsync();
        await field.EndedAsync(await field.FileAsync(ChaosKinds.Quick), Soon); // by the other one, which was stuck
        await field.InvariantsHoldAsync();
    }

    /// <returns>How many were sent.</returns>
    async Task<long> StormAsync(CancellationToken ct)
    {
        var told = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(async _ =>
        {
            await using var connection = await field.Superuser.OpenConnectionAsync(CancellationToken.None);
            var sent = 0L;
            for (; !ct.IsCancellationRequested; sent += AtOnce) await connection.ExecuteAsync(StormSql);
            return sent;
        }));
        return told.Sum();
    }

    static int Times(WorkerProcess worker, string sqlPart) => worker.Proxy.Connections.Sum(c => c.TimesSent(sqlPart));

    static long MemoryMb(WorkerProcess worker)
    {
        var line = File.ReadLines($"/proc/{worker.ProcessId}/status").Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) >> 10;
    }
}
