; The base: window and console twin, for one user, without an administrator. setup.sh runs makensis on it.
;   setup.exe /S              silent          setup.exe /S /D=C:\folder   ... into that folder (last, without quotes)
;   uninstall.exe /S          silent; results, decisions, models and settings stay
;   uninstall.exe /S /DATA    ... and they go too
!include common.nsh
Name "Pneumo Desktop"
InstallDir "$LOCALAPPDATA\Programs\Pneumo Desktop"
InstallDirRegKey HKCU "${APP_KEY}" InstallDir

!define DATA "$LOCALAPPDATA\pneumo-desktop"
!define IMAGE_CLASS "PneumoDesktop.Image"
!define BEFORE "$INSTDIR\version-before"

!define MUI_WELCOMEPAGE_TITLE "Pneumo Desktop ${VERSION}"
!define MUI_WELCOMEPAGE_TEXT "$(welcome)"
!define MUI_FINISHPAGE_RUN "$INSTDIR\pneumo-desktop.exe"
!insertmacro MUI_PAGE_WELCOME
!define MUI_PAGE_CUSTOMFUNCTION_LEAVE own_folder
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro LANGUAGES "Pneumo Desktop"

LangString welcome ${LANG_ENGLISH} "This installs Pneumo Desktop for you alone. No administrator and no internet are needed.$\r$\n$\r$\nAn earlier version is replaced; results, decisions, models and settings are kept.$\r$\n$\r$\nPneumo Desktop assists a reader and never replaces one. It is not a medical device."
LangString welcome ${LANG_SPANISH} "Se instalará Pneumo Desktop solo para usted. No hace falta un administrador ni internet.$\r$\n$\r$\nSi hay una versión anterior, se reemplaza; los resultados, las decisiones, los modelos y los ajustes se conservan.$\r$\n$\r$\nPneumo Desktop ayuda a quien lee y nunca lo reemplaza. No es un dispositivo médico."
LangString training_gone ${LANG_ENGLISH} "The training component belonged to the earlier version and was removed. To train models, please install the training component of this version too."
LangString training_gone ${LANG_SPANISH} "El componente de entrenamiento pertenecía a la versión anterior y se quitó. Para entrenar modelos, instale también el componente de entrenamiento de esta versión."
LangString radiograph ${LANG_ENGLISH} "Radiograph"
LangString radiograph ${LANG_SPANISH} "Radiografía"
LangString comment ${LANG_ENGLISH} "Reads chest radiographs without internet"
LangString comment ${LANG_SPANISH} "Lee radiografías de tórax sin internet"
LangString delete_data ${LANG_ENGLISH} "Should the results, decisions, models and settings be deleted too?$\r$\n$\r$\n${DATA}$\r$\n$\r$\nThis cannot be undone. The images themselves are not touched."
LangString delete_data ${LANG_SPANISH} "¿Desea borrar también los resultados, las decisiones, los modelos y los ajustes?$\r$\n$\r$\n${DATA}$\r$\n$\r$\nNo se puede deshacer. Las imágenes no se tocan."

!macro NOTHING_RUNS
    !insertmacro WAIT_UNTIL_CLOSED "$INSTDIR\pneumo-desktop.exe"
    !insertmacro WAIT_UNTIL_CLOSED "$INSTDIR\pneumo-desktop-cli.exe"
    !insertmacro WAIT_UNTIL_CLOSED "$INSTDIR\training\pneumo-training.exe"
!macroend

; Files of others are never mixed with ours: a folder that holds something else gets a folder of ours inside it.
Function own_folder
    ${If} ${FileExists} "$INSTDIR\*.*"
    ${AndIfNot} ${FileExists} "$INSTDIR\pneumo-desktop.exe"
        ${DirState} "$INSTDIR" $0
        ${If} $0 == 1
            StrCpy $INSTDIR "$INSTDIR\Pneumo Desktop"
        ${EndIf}
    ${EndIf}
FunctionEnd

Function .onInit
    ${IfNot} ${AtLeastBuild} 17763
        MessageBox MB_OK|MB_ICONSTOP "$(too_old)" /SD IDOK
        SetErrorLevel ${NOT_HERE}
        Quit
    ${EndIf}
    ${If} ${Silent}
        Call own_folder
    ${EndIf}
FunctionEnd

; The earlier version stands aside until the new one is whole, so that a full disk leaves it as it was.
!macro MOVE FROM TO NAME
    ${If} ${FileExists} "${FROM}\${NAME}"
        Rename "${FROM}\${NAME}" "${TO}\${NAME}"
    ${EndIf}
!macroend
!macro MOVE_PROGRAM FROM TO
    !insertmacro MOVE "${FROM}" "${TO}" _internal
    !insertmacro MOVE "${FROM}" "${TO}" pneumo-desktop.exe
    !insertmacro MOVE "${FROM}" "${TO}" pneumo-desktop-cli.exe
    !insertmacro MOVE "${FROM}" "${TO}" manifest.json
!macroend

Function put_back
    RMDir /r "$INSTDIR\_internal"
    Delete "$INSTDIR\pneumo-desktop.exe"
    Delete "$INSTDIR\pneumo-desktop-cli.exe"
    Delete "$INSTDIR\manifest.json"
    !insertmacro MOVE_PROGRAM "${BEFORE}" "$INSTDIR"
    RMDir "${BEFORE}"
    RMDir "$INSTDIR"
FunctionEnd

Section
    !insertmacro NOTHING_RUNS
    ${If} ${FileExists} "${BEFORE}\_internal" ; an installation that was cut off
        Call put_back
    ${EndIf}
    CreateDirectory "${BEFORE}"
    ClearErrors
    !insertmacro MOVE_PROGRAM "$INSTDIR" "${BEFORE}"
    ${IfNot} ${Errors}
        SetOutPath "$INSTDIR"
        File /r "${FILES}"
    ${EndIf}
    ${If} ${Errors}
        SetOutPath "$TEMP"
        Call put_back
        MessageBox MB_OK|MB_ICONSTOP "$(not_written)" /SD IDOK
        Abort
    ${EndIf}
    RMDir /r "${BEFORE}"

    ReadRegStr $0 HKCU "${APP_KEY}" BuildId
    ${If} ${FileExists} "$INSTDIR\training\pneumo-training.exe"
    ${AndIf} $0 != "${BUILD_ID}"
        RMDir /r "$INSTDIR\training"
        DeleteRegKey HKCU "${UNINSTALL_KEYS}\PneumoDesktopTraining"
        MessageBox MB_OK|MB_ICONINFORMATION "$(training_gone)" /SD IDOK
    ${EndIf}

    WriteUninstaller "$INSTDIR\uninstall.exe"
    WriteRegStr HKCU "${APP_KEY}" InstallDir "$INSTDIR"
    WriteRegStr HKCU "${APP_KEY}" Version "${VERSION}"
    WriteRegStr HKCU "${APP_KEY}" BuildId "${BUILD_ID}"
    !insertmacro LIST_PROGRAM PneumoDesktop "Pneumo Desktop" "$INSTDIR\uninstall.exe"
    SetOutPath "$PROFILE" ; where a shortcut starts the program, and so where its file dialogs first look
    CreateShortcut "$SMPROGRAMS\Pneumo Desktop.lnk" "$INSTDIR\pneumo-desktop.exe" "" "" 0 SW_SHOWNORMAL "" "$(comment)"
    CreateShortcut "$DESKTOP\Pneumo Desktop.lnk" "$INSTDIR\pneumo-desktop.exe" "" "" 0 SW_SHOWNORMAL "" "$(comment)"

    ; "Open with": offered for these kinds, never made the default program.
    WriteRegStr HKCU "Software\Classes\${IMAGE_CLASS}" "" "$(radiograph)"
    WriteRegStr HKCU "Software\Classes\${IMAGE_CLASS}\DefaultIcon" "" "$INSTDIR\pneumo-desktop.exe,0"
    WriteRegStr HKCU "Software\Classes\${IMAGE_CLASS}\shell\open\command" "" '"$INSTDIR\pneumo-desktop.exe" "%1"'
    WriteRegStr HKCU "Software\Classes\Applications\pneumo-desktop.exe" FriendlyAppName "Pneumo Desktop"
    WriteRegStr HKCU "Software\Classes\Applications\pneumo-desktop.exe\shell\open\command" "" '"$INSTDIR\pneumo-desktop.exe" "%1"'
    !macro OFFER KIND
        WriteRegStr HKCU "Software\Classes\Applications\pneumo-desktop.exe\SupportedTypes" "${KIND}" ""
        WriteRegStr HKCU "Software\Classes\${KIND}\OpenWithProgids" "${IMAGE_CLASS}" ""
    !macroend
    !macro EACH_KIND DO
        !insertmacro ${DO} .dcm
        !insertmacro ${DO} .dicom
        !insertmacro ${DO} .jpg
        !insertmacro ${DO} .jpeg
        !insertmacro ${DO} .png
        !insertmacro ${DO} .tif
        !insertmacro ${DO} .tiff
        !insertmacro ${DO} .bmp
        !insertmacro ${DO} .webp
    !macroend
    !insertmacro EACH_KIND OFFER
    ${RefreshShellIcons}
SectionEnd

Function un.onInit
    !insertmacro NOTHING_RUNS
FunctionEnd

Section Uninstall
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/DATA" $1
    ${IfNot} ${Errors}
        RMDir /r "${DATA}"
    ${ElseIf} ${FileExists} "${DATA}\*.*"
        MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(delete_data)" /SD IDNO IDNO +2
        RMDir /r "${DATA}"
    ${EndIf}

    SetOutPath "$TEMP" ; a folder that is somebody's current one cannot be removed
    RMDir /r "$INSTDIR\_internal"
    RMDir /r "$INSTDIR\training"
    RMDir /r "${BEFORE}"
    Delete "$INSTDIR\pneumo-desktop.exe"
    Delete "$INSTDIR\pneumo-desktop-cli.exe"
    Delete "$INSTDIR\manifest.json"
    Delete "$INSTDIR\LICENSE"
    Delete "$INSTDIR\NOTICE"
    Delete "$INSTDIR\THIRD_PARTY_NOTICES.txt"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    RMDir "$LOCALAPPDATA\Programs" ; only where it is empty, and so was made for us
    Delete "$SMPROGRAMS\Pneumo Desktop.lnk"
    Delete "$DESKTOP\Pneumo Desktop.lnk"

    !macro WITHDRAW KIND
        DeleteRegValue HKCU "Software\Classes\${KIND}\OpenWithProgids" "${IMAGE_CLASS}"
        DeleteRegKey /ifempty HKCU "Software\Classes\${KIND}\OpenWithProgids"
        DeleteRegKey /ifempty HKCU "Software\Classes\${KIND}"
    !macroend
    !insertmacro EACH_KIND WITHDRAW
    DeleteRegKey HKCU "Software\Classes\${IMAGE_CLASS}"
    DeleteRegKey HKCU "Software\Classes\Applications\pneumo-desktop.exe"
    DeleteRegKey /ifempty HKCU "Software\Classes\Applications"
    DeleteRegKey HKCU "${UNINSTALL_KEYS}\PneumoDesktop"
    DeleteRegKey HKCU "${UNINSTALL_KEYS}\PneumoDesktopTraining"
    DeleteRegKey HKCU "${APP_KEY}"
    ${RefreshShellIcons}
SectionEnd
