using System.Globalization;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>
/// Whatever several sessions do to the same tasks at the same time: I1, I2, I4, I5, I6 and I10 hold, and everything can still
/// end. <c>ENGINE_TEST_SEEDS=300</c> runs that many more; a failure names its seed, though what meets what is chance.
/// </summary>
public sealed class RandomMovesTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    const int Sessions = 4, Steps = 50, Usual = 8;

    [Fact]
    public async Task Whatever_happens_at_once_nothing_is_lost_or_done_twice_and_all_rows_agree()
    {
        var seeds = int.TryParse(Environment.GetEnvironmentVariable("ENGINE_TEST_SEEDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : Usual;
        for (var seed = 1; seed <= seeds; seed++)
        {
            var broken = await BrokenAsync(seed);
            Assert.True(broken.Count == 0, $"Seed {seed}:\n{string.Join('\n', broken.Take(20))}");
        }
    }

    async Task<List<string>> BrokenAsync(int seed)
    {
        await using var rig = await TasksRig.OnEmptyAsync(db);
        var moves = new RandomMoves(rig);
        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(s => Task.Run(() => moves.RunSessionAsync(seed * 1000 + s, Steps))));
        var broken = await LookAsync(rig, moves, "after the moves");
        await moves.DrainAsync();
        broken.AddRange(await LookAsync(rig, moves, "at the end"));
        if (await rig.ReadAsync<string>("""
            select concat_ws(' ', (select count(*) from task_keys), (select count(*) from task_slots where task_id is not null), (select count(*) from governance_tasks
                where state not in ('succeeded', 'failed', 'cancelled', 'dead')))
            """) is var left and not "0 0 0") broken.Add($"left at the end, of keys, slots and live tasks: {left}");
        return broken;
    }

    async Task<List<string>> LookAsync(TasksRig rig, RandomMoves moves, string when)
    {
        var broken = (await TaskRules.BrokenAsync(db)).Select(b => $"{when}: {b}").ToList();
        broken.AddRange(moves.Wrong);
        if (await rig.ReadAsync<long>("select count(*) from unnest(@ids) f(task_id) where not exists (select from tasks t where t.task_id = f.task_id)", new { ids = moves.Filed.ToArray() }) is > 0 and var lost)
            broken.Add($"{when}: {lost} filed tasks are lost");
        if (await rig.ReadAsync<string?>("""
            select string_agg(d.what, '; ') from (
                select subject || ' ' || (details ->> 'gate') || ' at epoch ' || (details ->> 'epoch') as what from audit_log
                where action = 'task.decide' and details ->> 'epoch' is not null group by 1 having count(*) > 1) d
            """) is { } twice) broken.Add($"{when}: decided twice: {twice}");
        return broken;
    }
}
