; The training component: a folder beside the base of the same build, for the same user. `setup.sh` runs makensis on it.
!include common.nsh
Name "Pneumo Desktop: training"

!define MUI_WELCOMEPAGE_TITLE "Pneumo Desktop ${VERSION}"
!define MUI_WELCOMEPAGE_TEXT "$(welcome)"
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro LANGUAGES "Pneumo Desktop: training"

LangString welcome ${LANG_ENGLISH} "This adds training to the Pneumo Desktop that is installed for you. No administrator and no internet are needed."
LangString welcome ${LANG_SPANISH} "Se añadirá el entrenamiento al Pneumo Desktop que usted tiene instalado. No hace falta un administrador ni internet."
LangString other_build ${LANG_ENGLISH} "This component belongs to Pneumo Desktop ${VERSION} (${BUILD_ID}), which is not installed here. Please install that one first."
LangString other_build ${LANG_SPANISH} "Este componente pertenece a Pneumo Desktop ${VERSION} (${BUILD_ID}), que no está instalado aquí. Instale primero ese."

!define KEY PneumoDesktopTraining

Function .onInit
    ReadRegStr $INSTDIR HKCU "${APP_KEY}" InstallDir
    ReadRegStr $0 HKCU "${APP_KEY}" BuildId
    ${If} $INSTDIR == ""
    ${OrIf} $0 != "${BUILD_ID}"
    ${OrIfNot} ${FileExists} "$INSTDIR\pneumo-desktop.exe"
        MessageBox MB_OK|MB_ICONSTOP "$(other_build)" /SD IDOK
        SetErrorLevel ${NOT_HERE}
        Quit
    ${EndIf}
FunctionEnd

Section
    !insertmacro WAIT_UNTIL_CLOSED "$INSTDIR\training\pneumo-training.exe"
    RMDir /r "$INSTDIR\training"
    SetOutPath "$INSTDIR\training"
    ClearErrors
    File /r "${FILES}"
    ${If} ${Errors}
        SetOutPath "$TEMP"
        RMDir /r "$INSTDIR\training"
        MessageBox MB_OK|MB_ICONSTOP "$(not_written)" /SD IDOK
        Abort
    ${EndIf}
    WriteUninstaller "$INSTDIR\training\uninstall.exe"
    !insertmacro LIST_PROGRAM ${KEY} "Pneumo Desktop: training" "$INSTDIR\training\uninstall.exe"
SectionEnd

Function un.onInit
    !insertmacro WAIT_UNTIL_CLOSED "$INSTDIR\pneumo-training.exe"
FunctionEnd

Section Uninstall ; $INSTDIR is the uninstaller's folder: training
    SetOutPath "$TEMP"
    RMDir /r "$INSTDIR\_internal"
    Delete "$INSTDIR\pneumo-training.exe"
    Delete "$INSTDIR\manifest.json"
    Delete "$INSTDIR\LICENSE"
    Delete "$INSTDIR\NOTICE"
    Delete "$INSTDIR\THIRD_PARTY_NOTICES.txt"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    DeleteRegKey HKCU "${UNINSTALL_KEYS}\${KEY}"
SectionEnd
