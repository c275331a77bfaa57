namespace Engine.Hosting;

/// <summary>Fires when the engine is told a second time to stop: what would still wait for running work gives it back at once.</summary>
public sealed class HurryToStop(CancellationToken token)
{
    public CancellationToken Token => token;
}
