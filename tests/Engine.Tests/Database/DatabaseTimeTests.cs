using Engine.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Support;

namespace Engine.Tests.Database;

public sealed class DatabaseTimeTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    readonly ManualTime host = new();

    [Fact]
    public async Task Time_is_the_databases_and_the_skew_of_the_host_is_told()
    {
        var time = new DatabaseTime(db.Source, TimeProvider.System);
        var before = await DatabaseClockAsync();

        var measured = await time.SyncAsync(CancellationToken.None);
        var now = time.GetUtcNow();

        Assert.InRange(now, before, await DatabaseClockAsync() + measured.Uncertainty);
        Assert.InRange(time.Skew.Duration(), TimeSpan.Zero, TimeSpan.FromSeconds(1)); // same machine here
    }

    [Fact]
    public async Task A_jump_of_the_hosts_wall_clock_moves_nothing()
    {
        var time = new DatabaseTime(db.Source, host);
        await time.SyncAsync(CancellationToken.None);
        var before = time.GetUtcNow();
        var skew = time.Skew;

        host.JumpWallClock(Hour);

        Assert.Equal(before, time.GetUtcNow());
        Assert.Equal(skew - Hour, time.Skew);
    }

    [Fact]
    public async Task Between_measurements_the_monotonic_clock_counts_on()
    {
        var time = new DatabaseTime(db.Source, host);
        await time.SyncAsync(CancellationToken.None);
        var before = time.GetUtcNow();

        host.Advance(TimeSpan.FromSeconds(7));

        Assert.Equal(before + TimeSpan.FromSeconds(7), time.GetUtcNow());
    }

    [Theory]
    [InlineData(10, 0, false)]   // an ordinary tick
    [InlineData(61, 0, true)]    // a minute has passed
    [InlineData(1, 3600, true)]  // somebody set the clock
    [InlineData(1, -3600, true)]
    public async Task The_clock_is_measured_again_each_minute_and_after_a_jump(int secondsPassed, int jumpSeconds, bool measured)
    {
        var time = new DatabaseTime(db.Source, host);
        await time.SyncAsync(CancellationToken.None);
        var keep = new KeepDatabaseTime(time, host, NullLogger<KeepDatabaseTime>.Instance);
        for (var second = 1; second < secondsPassed; second++)
        {
            host.Advance(TimeSpan.FromSeconds(1));
            if (second < 60) Assert.False(await keep.RunOnceAsync(CancellationToken.None));
        }

        host.Advance(TimeSpan.FromSeconds(1));
        host.JumpWallClock(TimeSpan.FromSeconds(jumpSeconds));

        Assert.Equal(measured, await keep.RunOnceAsync(CancellationToken.None) || time.Age < TimeSpan.FromSeconds(secondsPassed));
    }

    [Fact]
    public async Task A_process_that_stood_still_measures_at_once()
    {
        var time = new DatabaseTime(db.Source, host);
        await time.SyncAsync(CancellationToken.None);
        var keep = new KeepDatabaseTime(time, host, NullLogger<KeepDatabaseTime>.Instance);

        host.Advance(TimeSpan.FromSeconds(30));

        Assert.True(await keep.RunOnceAsync(CancellationToken.None));
        Assert.InRange(time.GetUtcNow(), await DatabaseClockAsync() - TimeSpan.FromSeconds(1), await DatabaseClockAsync());
    }

    [Fact]
    public async Task A_gap_that_could_not_be_measured_is_measured_in_the_next_pass_that_can()
    {
        var time = new DatabaseTime(db.Source, host);
        await time.SyncAsync(CancellationToken.None);
        var keep = new KeepDatabaseTime(time, host, NullLogger<KeepDatabaseTime>.Instance);
        host.JumpWallClock(Hour); // a resumed host: the monotonic clock has stood still
        using var noNetwork = new CancellationTokenSource();
        await noNetwork.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => keep.RunOnceAsync(noNetwork.Token));

        host.Advance(TimeSpan.FromSeconds(1));

        Assert.True(await keep.RunOnceAsync(CancellationToken.None));
        Assert.False(await keep.RunOnceAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Without_a_database_time_goes_on()
    {
        await using var gone = Npgsql.NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody;Timeout=1");
        var time = new DatabaseTime(gone, host);
        var keep = new KeepDatabaseTime(time, host, NullLogger<KeepDatabaseTime>.Instance);
        host.Advance(TimeSpan.FromMinutes(2));

        Assert.False(await keep.RunOnceAsync(CancellationToken.None));
        Assert.Equal(TimeSpan.MaxValue, time.Age);
    }

    async Task<DateTimeOffset> DatabaseClockAsync()
    {
        await using var command = db.Source.CreateCommand("select clock_timestamp()");
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync())!, TimeSpan.Zero);
    }
}
