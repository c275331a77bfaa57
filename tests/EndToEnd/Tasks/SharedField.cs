namespace EndToEnd.Tasks;

/// <summary>One field for the tests of a class, which run one after the other; each starts its own engines and ends them.</summary>
public sealed class SharedField : IAsyncLifetime
{
    public FaultField Field { get; private set; } = null!;

    public async Task InitializeAsync() => Field = await FaultField.StartAsync();

    public async Task DisposeAsync() => await Field.DisposeAsync();
}
