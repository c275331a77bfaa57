using Chaos.Kinds;

namespace Chaos.Plans;

/// <summary>What is done in a run, and when; all of it follows from the seed, the time and the number of workers.</summary>
public sealed record Plan(int Seed, TimeSpan Length, int Workers, IReadOnlyList<Step> Steps)
{
    static readonly TimeSpan CalmEvery = TimeSpan.FromSeconds(40), CalmFor = TimeSpan.FromSeconds(12);

    public static Plan Make(int seed, TimeSpan length, int workers)
    {
        var random = new Random(seed);
        var steps = new List<Step>();
        var filings = new DrawFilings(random);
        var faults = new DrawFaults(random, workers);
        for (var at = TimeSpan.Zero; at < length; at += Seconds(random, 0.3, 1.2)) steps.Add(filings.Next() with { At = at });
        var nextCalm = CalmEvery / 2;
        var busyUntil = TimeSpan.Zero; // when the last fault so far is over
        for (var at = TimeSpan.FromSeconds(1); at < length;)
        {
            if (at >= nextCalm)
            {
                var calm = new Step.Calm(CalmFor + (busyUntil > at ? busyUntil - at : TimeSpan.Zero)) { At = at };
                steps.Add(calm);
                at += calm.For;
                nextCalm = at + CalmEvery;
            }
            var fault = faults.Next() with { At = at };
            steps.Add(fault);
            if (fault.IsFault() && at + fault.Lasts() is var end && end > busyUntil) busyUntil = end;
            at += Seconds(random, 0.5, 3);
        }
        for (var at = TimeSpan.FromSeconds(2); at < length; at += Seconds(random, 1, 4))
            steps.Add(new Step.Intervene(Pick(random, "cancel", "cancel", "retry", "redrive", "reassign"), random.Next(1000)) { At = at });
        return new Plan(seed, length, workers, [.. steps.OrderBy(s => s.At)]);
    }

    static TimeSpan Seconds(Random random, double least, double most) => TimeSpan.FromMilliseconds(Math.Round(1000 * (least + (most - least) * random.NextDouble())));

    internal static T Pick<T>(Random random, params T[] among) => among[random.Next(among.Length)];
}

/// <summary>Draws what is filed: mostly harmless tasks, some that misbehave.</summary>
sealed class DrawFilings(Random random)
{
    int count, poisons;

    public Step Next()
    {
        var tag = $"f{count++}";
        var draw = random.Next(100);
        return draw switch
        {
            < 22 => File(ChaosKinds.Quick, random.Next(1, 60), Payload(0, 30)),
            < 34 => File(ChaosKinds.Effect, random.Next(1, 10), Payload(100, 2000)),
            < 42 => File(ChaosKinds.Slow, random.Next(1, 4), Payload(1000, 5000)),
            < 50 => new Step.FileDag(random.Next(2, 5), random.Next(1, 6), random.Next(10, 600)),
            < 58 => File(ChaosKinds.Gate, random.Next(1, 4), Payload(10, 100)),
            < 64 => File(ChaosKinds.Snooze, random.Next(1, 5), Payload(200, 1500) with { Times = random.Next(1, 4) }),
            < 70 => File(ChaosKinds.Flaky, random.Next(1, 4), Payload(10, 200) with { Times = Plan.Pick(random, 0, 0, 0, 1, 1, 2) }),
            < 71 => File(ChaosKinds.Doomed, 1, Payload(10, 200) with { Times = 99 }),
            < 73 => File(ChaosKinds.Faulty, 1, Payload(10, 200) with { Times = 1 }),
            < 82 => File(ChaosKinds.Quick, random.Next(2, 8), Payload(10, 300)) with { DedupKeys = 3, Twice = true },
            < 90 => File(ChaosKinds.Effect, random.Next(2, 6), Payload(100, 600)) with { ConcurrencyKey = Plan.Pick(random, "north", "south"), Twice = random.Next(2) == 0 },
            < 94 => File(ChaosKinds.Quick, random.Next(1, 20), Payload(0, 30)) with { Later = TimeSpan.FromMilliseconds(random.Next(500, 5000)) },
            < 96 => File(ChaosKinds.Hang, 1, Payload(0, 1) with { Times = 1, Way = Plan.Pick(random, "deaf", "hears") }),
            < 98 => File(ChaosKinds.Hog, 1, Payload(200, 1500)),
            // Each always-deadly poison costs three workers: not too many of them.
            _ => File(ChaosKinds.Poison, 1, Payload(0, 300) with { Times = poisons++ % 3 == 0 ? 99 : 1, Way = Plan.Pick(random, [.. PoisonHandler.Ways]) }),
        };

        ChaosPayload Payload(int least, int most) => new(tag, random.Next(least, most));
        static Step.File File(string kind, int number, ChaosPayload payload) => new(kind, number, payload);
    }
}

/// <summary>Draws what is done to engines and database: a shuffled deck of all faults, then the next.</summary>
sealed class DrawFaults(Random random, int workers)
{
    static readonly string[] LostCommits = ["delete from task_leases", "delete from task_ready", "insert into task_attempts", "update workers set beat_at"];
    readonly Queue<Func<Step>> deck = [];

    public Step Next()
    {
        if (deck.Count == 0)
        {
            Func<Step>[] all =
            [
                () => new Step.Kill(Worker()),
                () => new Step.Kill(Worker()),
                () => new Step.Kill(Worker()),
                () => new Step.Freeze(Worker(), Seconds(6, 10)),
                () => new Step.Terminate(Worker(), Twice: false),
                () => new Step.Terminate(Worker(), Twice: true),
                () => new Step.Roll(),
                () => new Step.RestartDatabase(Seconds(0, 3)),
                () => new Step.EndSessions(Seconds(1, 4)),
                () => new Step.Partition(Worker(), "both", random.Next(2) == 0, Seconds(3, 9)),
                () => new Step.Partition(Worker(), Plan.Pick(random, "to_server", "to_client"), random.Next(2) == 0, Seconds(3, 9)),
                () => new Step.Slow(Worker(), Seconds(0.2, 1.5), Seconds(2, 6)),
                () => new Step.Cut(Worker()),
                () => new Step.LoseCommit(Worker(), Plan.Pick(random, LostCommits), random.Next(3) > 0),
                () => new Step.LoseCommit(Worker(), Plan.Pick(random, LostCommits), random.Next(3) > 0),
                () => new Step.LoseCommit(-1, "insert into tasks", random.Next(3) > 0),
                () => new Step.DeafenListener(Worker(), Seconds(3, 12)),
                () => new Step.HoldSnapshot(Seconds(5, 20)),
                () => new Step.SkewClock(Plan.Pick(random, TimeSpan.FromHours(1), TimeSpan.FromHours(-1), TimeSpan.FromSeconds(10), TimeSpan.Zero)),
                () => new Step.InjectErrors(Plan.Pick(random, "task_leases", "task_attempts", "task_ready", "tasks"), Plan.Pick(random, "40P01", "40001", "57P01", "53300"), random.Next(1, 4)),
                () => new Step.Pause(Seconds(1, 3)),
            ];
            random.Shuffle(all);
            foreach (var fault in all) deck.Enqueue(fault);
        }
        return deck.Dequeue()();
    }

    int Worker() => random.Next(workers);

    TimeSpan Seconds(double least, double most) => TimeSpan.FromMilliseconds(Math.Round(1000 * (least + (most - least) * random.NextDouble())));
}
