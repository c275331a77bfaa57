using System.Diagnostics;
using Npgsql;

namespace Benchmarks.Queue;

/// <summary>The same moves as bare SQL in batches, without an engine: what the database can do at most with this layout on this machine.</summary>
static class QueueLimitBenchmark
{
    const int Count = 200_000, Batch = 500, Sessions = 2;

    const string FillSql = """
        with ids as (
            select i, (lpad(to_hex(1700000000000 + i / 10), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid as task_id
            from generate_series(1, @Count) i
        ), filed as (
            insert into tasks (task_id, lane_id, filed_at, filed_by, payload) select task_id, 1, @now, 'benchmark', '{"i":1}' from ids order by i
        )
        insert into task_ready (task_id, epoch, ready_at, lane_id) select task_id, 0, @now, 1 from ids order by i
        """;

    const string ClaimSql = """
        with picked as (
            select ctid as place from task_ready where lane_id = 1 and seq >= @mark order by seq limit @Batch for no key update skip locked
        ), moved as (
            delete from task_ready where ctid = any(array(select place from picked)) returning task_id, seq, epoch, lane_id, failures, losses, flags
        ), leased as (
            insert into task_leases (task_id, epoch, worker_id, claimed_at, lane_id, failures, losses, flags)
            select task_id, epoch + 1, @session, @now, lane_id, failures, losses, flags from moved returning ctid
        )
        select (select array_agg(ctid) from leased)::text, (select max(seq) from moved)
        """;

    const string FinishSql = """
        with ended as (
            delete from task_leases where ctid = any(@places::text::tid[]) returning task_id, epoch, worker_id, claimed_at, lane_id
        )
        insert into task_attempts (task_id, epoch, worker_id, claimed_at, ended_at, lane_id, outcome, final_state)
        select task_id, epoch, worker_id, claimed_at, @now, lane_id, 'succeeded', 'succeeded' from ended
        """;

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        if (run.Arguments.Count > 0)
        {
            run.Say($"queue-limit takes no options, got {string.Join(' ', run.Arguments)}");
            return 2;
        }
        await using var database = await QueueDatabase.OpenAsync(run, ct);
        await using (var engine = await QueueEngine.StartAsync(database, QueueEngine.Default, runsTasks: false, ct)) run.Say("the tables are there");
        await using var source = NpgsqlDataSource.Create(database.Owner + ";Options=-c enable_seqscan=off -c enable_bitmapscan=off -c plan_cache_mode=force_generic_plan -c jit=off;Max Auto Prepare=10;Auto Prepare Min Usages=1");

        run.Say($"filing {Count} tasks …");
        var clock = Stopwatch.StartNew();
        await ExecuteAsync(source, FillSql, ct, ("Count", Count), ("now", TimeProvider.System.GetUtcNow().UtcDateTime));
        run.Result(new { what = "enqueue", per_second = Math.Round(Count / clock.Elapsed.TotalSeconds) });

        run.Say($"moving them in batches of {Batch} over {Sessions} sessions …");
        clock.Restart();
        await Task.WhenAll(Enumerable.Range(1, Sessions).Select(session => DrainAsync(source, session, ct)));
        var seconds = clock.Elapsed.TotalSeconds;
        await using var count = source.CreateCommand("select count(*) from task_attempts");
        var done = (long)(await count.ExecuteScalarAsync(ct))!;
        run.Result(new { what = "drain", per_second = Math.Round(done / seconds) });
        return done == Count ? 0 : 1;
    }

    static async Task DrainAsync(NpgsqlDataSource source, int session, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        string? places = null;
        long mark = 0;
        while (true)
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            if (places is not null)
            {
                await using var finish = Command(connection, FinishSql, ("places", places), ("now", TimeProvider.System.GetUtcNow().UtcDateTime));
                await finish.ExecuteNonQueryAsync(ct);
            }
            await using (var claim = Command(connection, ClaimSql, ("mark", mark), ("Batch", Batch), ("session", (long)session), ("now", TimeProvider.System.GetUtcNow().UtcDateTime)))
            await using (var reader = await claim.ExecuteReaderAsync(ct))
            {
                await reader.ReadAsync(ct);
                places = reader.IsDBNull(0) ? null : reader.GetString(0);
                mark = reader.IsDBNull(1) ? 0 : reader.GetInt64(1) + 1;
            }
            await transaction.CommitAsync(ct);
            if (places is null) return;
        }
    }

    static async Task ExecuteAsync(NpgsqlDataSource source, string sql, CancellationToken ct, params (string Name, object Value)[] parameters)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var command = Command(connection, sql, parameters);
        await command.ExecuteNonQueryAsync(ct);
    }

    static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }
}
