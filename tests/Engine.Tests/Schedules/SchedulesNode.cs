using System.Collections.Concurrent;
using Engine.Audit;
using Engine.Http;
using Engine.Schedules;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engine.Tests.Schedules;

/// <summary>The schedules of one engine process, with a duty named <c>probe</c> that notes what it was run for.</summary>
sealed class SchedulesNode : IAsyncDisposable
{
    readonly ServiceProvider services;
    readonly NpgsqlDataSource source;

    public SchedulesNode(string connectionString, TimeProvider? time = null)
    {
        source = NpgsqlDataSource.Create(connectionString + ";Timeout=3;Maximum Pool Size=12");
        var collection = new ServiceCollection();
        collection.AddLogging(logging => logging.AddProvider(new ErrorsSeen(Errors)));
        collection.AddSingleton(source);
        collection.AddSingleton(time ?? TimeProvider.System);
        collection.AddMetrics();
        collection.AddSingleton<RecordAudit>();
        collection.AddSingleton<ForgetOldAnswers>();
        collection.AddSchedules();
        collection.AddSingleton<IScheduledDuty>(Probe);
        services = collection.BuildServiceProvider();
    }

    public ProbeDuty Probe { get; } = new();
    public ConcurrentQueue<string> Errors { get; } = [];
    public KeepSchedules Keep => Get<KeepSchedules>();

    public T Get<T>() where T : notnull => services.GetRequiredService<T>();

    public Task PassAsync() => Keep.RunOnceAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Get<EngineScheduler>().StopAsync(TimeSpan.FromSeconds(1));
        await services.DisposeAsync();
        await source.DisposeAsync();
    }

    sealed class ErrorsSeen(ConcurrentQueue<string> errors) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) errors.Enqueue($"{eventId.Id} {formatter(state, exception)} {exception?.Message}");
        }
        public void Dispose() { }
    }
}

sealed class ProbeDuty : IScheduledDuty
{
    public ConcurrentQueue<ScheduledFire> Runs { get; } = [];

    /// <summary>What it does besides noting the run.</summary>
    public Func<ScheduledFire, CancellationToken, Task<string>> Act { get; set; } = (_, _) => Task.FromResult("noted");

    public string Name => "probe";

    public Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        Runs.Enqueue(fire);
        return Act(fire, ct);
    }
}
