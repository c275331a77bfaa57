using Routing.Calls;
using Support;

namespace Routing.Tests.Calls;

public sealed class AttemptClockTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    readonly RawServer server = new();
    readonly ManualTime time = new();

    [Fact]
    public async Task A_thread_that_is_stopped_while_it_sets_a_deadline_does_not_put_it_off()
    {
        server.On("a", x => x.UntilGoneAsync());
        var late = new LateTimers(time);
        await using var routed = new Routed(field, time: late).Provider("p", server.Url).Models("p:a");
        late.Late = TimeSpan.FromSeconds(4.1);

        var failed = await Assert.ThrowsAsync<ChatFailedException>(() => routed.AskAsync().WaitAsync(TimeSpan.FromSeconds(10)));

        Assert.Equal("unreachable", failed.Kind); // the time is over before anything has left
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await server.DisposeAsync();

    /// <summary>Once, time passes between the decision to set a timer and its setting.</summary>
    sealed class LateTimers(ManualTime time) : TimeProvider
    {
        public TimeSpan Late { get; set; }

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override long TimestampFrequency => time.TimestampFrequency;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new LateTimer(this, time.CreateTimer(callback, state, dueTime, period));

        sealed class LateTimer(LateTimers owner, ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                var late = owner.Late;
                owner.Late = TimeSpan.Zero;
                owner.Pass(late);
                return timer.Change(dueTime, period);
            }

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }

        void Pass(TimeSpan span) => time.Advance(span);
    }
}
