; What both installers share. Given on the command line: COMPRESSION, VERSION, NUMBERS (four), BUILD_ID, FILES, SIZE_KB, OUT,
; and TARGET where makensis has no stub for 64 bits, as the one that is made for Windows.
Unicode true
!ifndef TARGET
    !define TARGET amd64-unicode
!endif
Target ${TARGET}
SetCompressor /SOLID ${COMPRESSION}
!if ${COMPRESSION} == lzma
    SetCompressorDictSize 64
!endif
RequestExecutionLevel user
ManifestDPIAware true
ManifestSupportedOS Win10
BrandingText "Pneumo Desktop ${VERSION}"
OutFile "${OUT}"
ShowInstDetails nevershow
ShowUninstDetails nevershow

!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include WinVer.nsh

!define MUI_ICON "..\..\resources\icons\pneumo-desktop.ico"
!define MUI_UNICON "..\..\resources\icons\pneumo-desktop.ico"
!define MUI_ABORTWARNING

!define APP_KEY "Software\Pneumo Desktop"
!define UNINSTALL_KEYS "Software\Microsoft\Windows\CurrentVersion\Uninstall"
!define PUBLISHER "The Pneumo Desktop maintainers"

; How an installer ends: 0 done, 1 the person cancelled, 2 a file could not be written, and:
!define RUNNING 3
!define NOT_HERE 4

!macro LANGUAGES NAME
    !insertmacro MUI_LANGUAGE English
    !insertmacro MUI_LANGUAGE Spanish
    VIProductVersion "${NUMBERS}"
    !insertmacro VERSION_TEXTS ${LANG_ENGLISH} "${NAME}"
    !insertmacro VERSION_TEXTS ${LANG_SPANISH} "${NAME}"

    LangString is_running ${LANG_ENGLISH} "Pneumo Desktop is running. Please close its window, then choose Retry."
    LangString is_running ${LANG_SPANISH} "Pneumo Desktop está abierto. Cierre su ventana y luego elija Reintentar."
    LangString too_old ${LANG_ENGLISH} "Pneumo Desktop needs Windows 10 of version 1809, or newer."
    LangString too_old ${LANG_SPANISH} "Pneumo Desktop necesita Windows 10 versión 1809 o posterior."
    LangString not_written ${LANG_ENGLISH} "The files could not be written into $INSTDIR. Is there room on the disk? What was there before is as it was."
    LangString not_written ${LANG_SPANISH} "No se pudieron escribir los archivos en $INSTDIR. ¿Hay espacio en el disco? Lo que había antes sigue igual."
!macroend

!macro VERSION_TEXTS LANGUAGE NAME
    VIAddVersionKey /LANG=${LANGUAGE} ProductName "${NAME}"
    VIAddVersionKey /LANG=${LANGUAGE} FileDescription "${NAME}"
    VIAddVersionKey /LANG=${LANGUAGE} CompanyName "${PUBLISHER}"
    VIAddVersionKey /LANG=${LANGUAGE} LegalCopyright "Apache License 2.0"
    VIAddVersionKey /LANG=${LANGUAGE} FileVersion "${VERSION}"
    VIAddVersionKey /LANG=${LANGUAGE} ProductVersion "${VERSION}"
!macroend

; Goes on when PROGRAM does not run: Windows lets nobody write into a running program.
!macro WAIT_UNTIL_CLOSED PROGRAM
    ${Do}
        ${IfNot} ${FileExists} "${PROGRAM}"
            ${ExitDo}
        ${EndIf}
        ClearErrors
        FileOpen $0 "${PROGRAM}" a
        ${IfNot} ${Errors}
            FileClose $0
            ${ExitDo}
        ${EndIf}
        MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(is_running)" /SD IDCANCEL IDRETRY +3
        SetErrorLevel ${RUNNING}
        Quit
    ${Loop}
!macroend

; Writes what Windows' list of programs shows. KEY: the program's name there.
!macro LIST_PROGRAM KEY NAME UNINSTALLER
    WriteRegStr HKCU "${UNINSTALL_KEYS}\${KEY}" DisplayName "${NAME}"
    WriteRegStr HKCU "${UNINSTALL_KEYS}\${KEY}" DisplayVersion "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL_KEYS}\${KEY}" Publisher "${PUBLISHER}"
    WriteRegStr HKCU "${UNINSTALL_KEYS}\${KEY}" DisplayIcon "$INSTDIR\pneumo-desktop.exe"
    WriteRegStr HKCU "${UNINSTALL_KEYS}\${KEY}" InstallLocation "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL_KEYS}\${KEY}" UninstallString '"${UNINSTALLER}"'
    WriteRegStr HKCU "${UNINSTALL_KEYS}\${KEY}" QuietUninstallString '"${UNINSTALLER}" /S'
    WriteRegDWORD HKCU "${UNINSTALL_KEYS}\${KEY}" EstimatedSize ${SIZE_KB}
    WriteRegDWORD HKCU "${UNINSTALL_KEYS}\${KEY}" NoModify 1
    WriteRegDWORD HKCU "${UNINSTALL_KEYS}\${KEY}" NoRepair 1
!macroend
