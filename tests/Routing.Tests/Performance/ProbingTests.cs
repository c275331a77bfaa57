using Support;
using static Routing.Tests.Performance.HealthRig;

namespace Routing.Tests.Performance;

public sealed class ProbingTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly HealthRig rig = new(db);

    public Task InitializeAsync() => db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task One_process_out_of_eight_makes_one_try_and_two_good_ones_let_all_call_again()
    {
        var processes = Enumerable.Range(0, 8).Select(_ => rig.Health()).ToArray();
        await OpenAsync(processes[0]);
        Assert.All(await CallAsync(processes), mayCall => Assert.False(mayCall));

        for (var good = 0; good < 2; good++)
        {
            rig.Time.Advance(LongestPause);
            foreach (var process in processes) process.MayCall("ollama", Model); // they are in use
            await PassAsync(processes);
            Assert.Single(processes, p => !p.Standing().ContainsKey((Provider, Model))); // who has the ticket may choose it
            var tries = await CallAsync(processes);
            Assert.Single(tries, mayCall => mayCall);
            Assert.All(await CallAsync(processes), mayCall => Assert.False(mayCall)); // while the try is under way
            var who = processes[Array.IndexOf(tries, true)];
            rig.Time.Advance(Quick);
            who.Ended(Provider, Model, "succeeded", null, Quick);
            await who.RunOnceAsync(CancellationToken.None);
        }

        await PassAsync(processes);
        Assert.All(await CallAsync(processes), mayCall => Assert.True(mayCall));
        Assert.Equal(("closed", false, 1), await rig.RowAsync(Model));
    }

    [Fact]
    public async Task A_failed_try_makes_the_pause_longer_up_to_a_limit_and_a_relapse_goes_on_there()
    {
        var health = rig.Health();
        await OpenAsync(health);
        var pauses = new List<double> { await rig.PauseAsync() };
        for (var attempt = 0; attempt < 8; attempt++)
        {
            rig.Time.Advance(LongestPause);
            await rig.TryAsync(health, "failed");
            pauses.Add(await rig.PauseAsync());
        }

        Assert.All(pauses.Select((pause, i) => (pause, Expected: Math.Min(300, 5 * Math.Pow(2, i)))), p => Assert.InRange(p.pause, p.Expected * 0.79, p.Expected * 1.21));
        rig.Time.Advance(LongestPause);
        await rig.TryAsync(health, "succeeded");
        await rig.TryAsync(health, "succeeded");
        Assert.Equal("closed", (await rig.RowAsync(Model)).State);
        await OpenAsync(health);
        Assert.InRange(await rig.PauseAsync(), 240, 360);
        rig.Time.Advance(LongestPause);
        await rig.TryAsync(health, "succeeded");
        await rig.TryAsync(health, "succeeded");
        rig.Time.Advance(TimeSpan.FromMinutes(11));
        await OpenAsync(health);
        Assert.InRange(await rig.PauseAsync(), 4, 6);
    }

    [Fact]
    public async Task A_call_from_before_it_was_opened_is_no_try()
    {
        var health = rig.Health();
        await OpenAsync(health);
        rig.Time.Advance(LongestPause);
        health.MayCall(Provider, Model);
        await health.RunOnceAsync(CancellationToken.None);
        Assert.True(health.MayCall(Provider, Model));

        health.Ended(Provider, Model, "succeeded", null, LongestPause + TimeSpan.FromSeconds(1));
        await health.RunOnceAsync(CancellationToken.None);

        Assert.Equal("probing", (await rig.RowAsync(Model)).State);
        Assert.False(health.MayCall(Provider, Model));
    }

    [Fact]
    public async Task A_ticket_without_a_call_goes_to_another_process_and_one_whose_call_never_ends_lapses()
    {
        var (idle, busy) = (rig.Health(), rig.Health());
        await OpenAsync(idle);
        rig.Time.Advance(LongestPause);
        Assert.False(idle.MayCall(Provider, Model)); // it would call
        await idle.RunOnceAsync(CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromSeconds(11));
        await idle.RunOnceAsync(CancellationToken.None); // gives it back
        busy.MayCall(Provider, Model);
        await busy.RunOnceAsync(CancellationToken.None);
        Assert.True(busy.MayCall(Provider, Model)); // and never ends

        rig.Time.Advance(TimeSpan.FromMinutes(1));
        await PassAsync(idle, busy);
        Assert.False(idle.MayCall(Provider, Model));
        rig.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.False(idle.MayCall(Provider, Model));
        await PassAsync(idle, busy);

        Assert.True(idle.MayCall(Provider, Model));
        Assert.False(busy.MayCall(Provider, Model));
        busy.Ended(Provider, Model, "failed", "timeout", TimeSpan.FromMinutes(3)); // too late: the ticket is another's
        await PassAsync(busy, idle);
        Assert.Equal("probing", (await rig.RowAsync(Model)).State);
    }

    [Fact]
    public async Task A_process_that_calls_nobody_waits_for_others_to_try_and_then_does_it_itself()
    {
        var health = rig.Health();
        await OpenAsync(health);
        rig.Time.Advance(LongestPause);
        await health.RunOnceAsync(CancellationToken.None);
        Assert.Equal("open", (await rig.RowAsync(Model)).State);

        rig.Time.Advance(TimeSpan.FromSeconds(16));
        await health.RunOnceAsync(CancellationToken.None);

        Assert.Equal("probing", (await rig.RowAsync(Model)).State);
        Assert.True(health.MayCall(Provider, Model));
    }

    [Fact]
    public async Task A_process_that_stops_gives_its_ticket_back()
    {
        var (here, there) = (rig.Health(), rig.Health());
        await OpenAsync(here);
        rig.Time.Advance(LongestPause);
        here.MayCall(Provider, Model);
        await here.RunOnceAsync(CancellationToken.None);
        Assert.True(here.MayCall(Provider, Model));
        await here.LeaveAsync(CancellationToken.None);
        there.MayCall(Provider, Model);
        await there.RunOnceAsync(CancellationToken.None);

        Assert.True(there.MayCall(Provider, Model));
    }

    [Fact]
    public async Task A_provider_that_takes_our_key_again_is_open_after_one_try_and_one_that_does_not_stays_out()
    {
        var health = rig.Health();
        health.ProviderOut(Provider, "payment_required");
        await health.RunOnceAsync(CancellationToken.None);
        Assert.InRange(await rig.PauseAsync(""), 48, 72);
        rig.Time.Advance(LongestPause);

        await rig.TryAsync(health, "failed", "payment_required");
        Assert.Equal(("open", true, 2), await rig.RowAsync(""));
        rig.Time.Advance(LongestPause);
        await rig.TryAsync(health, "succeeded");

        Assert.Equal(("closed", false, 2), await rig.RowAsync(""));
        Assert.Empty(health.Out());
        Assert.True(health.MayCall(Provider, Model));
    }
}
