using System.Runtime.InteropServices;

namespace Engine.Hosting.Doctor;

static class CheckMachine
{
    public static Finding Run()
    {
        var what = $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription} ({RuntimeInformation.ProcessArchitecture})";
        return OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() ? Finding.Ok("machine", what)
            : Finding.Failed("machine", $"{what} is not supported.", "run the engine on Linux or macOS; on Windows, in WSL.");
    }
}
